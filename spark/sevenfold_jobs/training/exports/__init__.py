"""Models in the formats of others. What that needs besides is imported when it is asked for."""
