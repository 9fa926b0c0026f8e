"""Forecasts of daily prices: the series as it was known, models, paths, and how all three are stored."""
