"""Forecasts of many dates from stored models: a few dates of a window are one task, one transaction."""
