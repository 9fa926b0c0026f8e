"""Progress of work that others commit: counted in the database while it is under way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from sevenfold_jobs.common.batch import Batch

COUNT_EVERY_SECONDS = 0.5


@contextmanager
def watched(
    batch: Batch, total: int, note: str, count: Callable[[psycopg.Connection], int]
) -> Iterator[None]:
    """Meanwhile tells the ledger how far the batch is, as `count` finds it. Never fails."""
    over = threading.Event()

    def watch() -> None:
        try:
            with batch.connect() as connection:
                connection.autocommit = True
                while not over.wait(COUNT_EVERY_SECONDS):
                    batch.progress(min(count(connection), total - 1), total, note)
        except psycopg.Error as error:
            print(f"progress is not known any more: {error}")

    batch.progress(0, total, note)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
