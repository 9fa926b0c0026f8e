"""Generated data for cross-validation: always the same values for the same rows, features and seed.

Every file says of itself that it is synthetic: key `sevenfold` of the Parquet schema's metadata, as JSON
{generator, seed, parity, synthetic, components}.
"""
