"""Models fitted for training windows and stored, many windows in one batch."""
