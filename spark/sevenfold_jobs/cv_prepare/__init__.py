"""A file becomes folds: encoded arrays in the object store, their account in the database."""
