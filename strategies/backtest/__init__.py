"""Replay a recorded run to the integer, and run a strategy over candles by the same rules."""
