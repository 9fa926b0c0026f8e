"""The choice among the models of a training."""
