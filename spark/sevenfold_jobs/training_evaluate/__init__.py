"""The chosen model and the baseline on rows that nobody has looked at."""
