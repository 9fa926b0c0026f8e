"""A verdict for every column of a file, and its columns as numbers."""
