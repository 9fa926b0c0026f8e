"""The training of rows that no single process could hold.

No process has more than one column of all rows, or some rows of all columns: the source becomes a file a
column, by the code that reads columns elsewhere, and Spark's tasks map from these files the rows that they
fit or predict. What is one value a row (target, parts, predictions) stays an array, as it is of smaller data,
so the choice, the figures and the model's files are those of any training.
"""
