"""The whole story on a chain of its own: deployment, market maker, trading, frauds, report and recording."""
