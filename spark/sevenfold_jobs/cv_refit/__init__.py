"""The chosen model fitted on all rows, with its predictions and the files that a person reads."""
