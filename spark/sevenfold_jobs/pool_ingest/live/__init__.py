"""A live data set: the stored answers of providers, and the tables that they fill."""
