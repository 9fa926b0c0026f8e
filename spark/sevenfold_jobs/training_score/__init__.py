"""A stored model applied to files."""
