"""Trials of models on folds, each in a process of its own, each a row."""
