"""What the chosen model goes by."""
