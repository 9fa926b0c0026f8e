"""Stored forecasts made again and compared bit by bit; nothing is written but the verdict."""
