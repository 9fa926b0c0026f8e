"""Holds stored forecasts against the closes that came: scores by day, by forecast and pooled by horizon."""
