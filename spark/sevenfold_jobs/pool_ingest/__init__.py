"""Phase ingest: one source's data up to the run date, checked whole and then loaded in one transaction."""
