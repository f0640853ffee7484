"""Trained models that come with the package, each with its card; their weights are public."""
