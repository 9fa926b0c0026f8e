"""Walks over days that are past: forecasts each as its own run would have, and holds it against what came."""
