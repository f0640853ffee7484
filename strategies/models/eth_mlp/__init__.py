"""The demonstration's model of hourly ETH/USDT."""
