"""The chosen model fitted on all rows but the test's, as files."""
