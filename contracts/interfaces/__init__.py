"""Vyper interfaces of the contracts and of the exchange."""
