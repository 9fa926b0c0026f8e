"""Daily prices of commodities from files or from the generator, checked whole and then loaded at once."""
