"""The rows of a training, parted."""
