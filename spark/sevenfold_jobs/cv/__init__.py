"""Data cut into folds, fits of models on them, and what is stored of both."""
