"""The library of training jobs: columns in; models, figures and choices out. No database, no batch."""
