"""The rules of vault and price log, written a second time, and the replay of a vault under them."""
