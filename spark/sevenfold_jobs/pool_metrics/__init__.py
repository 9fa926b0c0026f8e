"""Phase metrics: rolling figures of every pool on every day, whole or only where something changed."""
