"""The batch's Spark session: in the JVM that the process is attached to, or in one of its own."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def for_batch(batch_id: str, master: str | None, directory: str | None) -> "SparkSession":
    """A new session: views and settings are the batch's own, its Spark jobs carry its id as their group.

    Where the process is attached to a JVM already (the runner to the keeper's, a test), that one is used.
    """
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is None:
        builder = SparkSession.builder.appName(batch_id)
        if master is not None:
            builder = builder.master(master)
        spark = builder.getOrCreate()
        _register_jvm(directory)
    else:
        spark = SparkSession.builder.getOrCreate().newSession()
    # With interruption, so that a task that waits (for a lock, for a row) ends with the cancel as well.
    spark.sparkContext.setJobGroup(batch_id, batch_id, interruptOnCancel=True)
    return spark


def _register_jvm(directory: str | None) -> None:
    """A JVM of our own ends with its parent, but not when it is stopped or stuck: the keeper must know it."""
    from pyspark import SparkContext

    from sevenfold_jobs.common.task import register_process

    process = getattr(SparkContext._gateway, "proc", None)
    if directory is not None and process is not None:
        register_process(directory, process.pid)
