"""Contracts that stand for the outside world on a local chain: tokens and a market maker."""
