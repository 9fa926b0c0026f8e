"""The one door for data: how a file, or a folder of files, becomes a table.

`content` finds the bytes and says what they are, `encodings` and `separated` read text, `parquet` reads
Parquet, `types` leaves seven types of a few dozen, `frames` knows the index of a data frame, `values` says
what a column of text holds. `reading.read_rows` goes through all of them.
"""
