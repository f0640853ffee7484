"""Trading strategies: each a torch module with its configuration file beside it."""
