"""The Delta table `distributions`: Parquet files written by tasks, commits by the driver (docs/delta.md)."""
