"""Show an audit: one document, drawn on a terminal or as a page."""
