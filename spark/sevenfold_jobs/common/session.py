"""The batch's Spark session: in the keeper's JVM, in a test's, or in one of its own."""

import sys
from typing import TYPE_CHECKING, Any

from sevenfold_jobs.common.usage import cpu_seconds_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# The local property by which tasks get the database's address, with its password. Closures have none of it:
# PySpark writes those above 1 MB to disk. By its name Spark redacts it wherever it shows settings, but local
# properties only where the configuration has the name too, so every JVM of ours is started with it
# (src/engines/local/spark-arguments.ts).
DATABASE_SECRET = "spark.sevenfold.secret.database"
_WITHOUT_BATCH = "of each batch"


def for_batch(
    batch_id: str, warm: dict[str, Any] | None, master: str | None, directory: str | None, database_url: str
) -> "SparkSession":
    """A new session: views and settings are the batch's own, its Spark jobs carry its id as their group.

    `warm` is `{port, secret}` of the keeper's gateway. Without it, a JVM that this process already has (a
    test's) is used, else one is launched, with PYSPARK_SUBMIT_ARGS and `master`. Tasks of jobs that this
    thread starts find `database_url` by `database_of_task`.
    """
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is None and warm is None:
        builder = SparkSession.builder.appName(batch_id).config(DATABASE_SECRET, _WITHOUT_BATCH)
        spark = (builder if master is None else builder.master(master)).getOrCreate()
        _register_jvm(directory)
    else:
        if SparkContext._active_spark_context is None:
            _attach(warm["port"], warm["secret"])
        context = SparkContext._active_spark_context
        spark = SparkSession(context, context._jvm.SparkSession.builder().getOrCreate().newSession())
    # With interruption, so that a task that waits (for a lock, for a row) ends with the cancel as well.
    spark.sparkContext.setJobGroup(batch_id, batch_id, interruptOnCancel=True)
    # Every query makes local properties of its session's settings, and this one's is no address.
    spark.conf.unset(DATABASE_SECRET)
    spark.sparkContext.setLocalProperty(DATABASE_SECRET, database_url)
    return spark


def database_of_task() -> str:
    """The database's address, inside a task. Raises RuntimeError elsewhere."""
    from pyspark import TaskContext

    context = TaskContext.get()
    address = context and context.getLocalProperty(DATABASE_SECRET)
    if not address or address == _WITHOUT_BATCH:
        raise RuntimeError("the database's address is known in the job and in the tasks of its thread alone")
    return address


def in_use() -> bool:
    """Whether this process has a Spark context."""
    pyspark = sys.modules.get("pyspark")
    return pyspark is not None and pyspark.SparkContext._active_spark_context is not None


def cpu_seconds_of_own_jvm() -> float:
    """CPU seconds of the JVM that this process started; 0 where it is attached to another's."""
    from pyspark import SparkContext

    process = getattr(SparkContext._gateway, "proc", None)
    return 0.0 if process is None else cpu_seconds_of(process.pid)


def _attach(port: int, secret: str) -> None:
    """Makes a running JVM this process's, the way pyspark does it for a driver that Java started."""
    import os

    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    os.environ["PYSPARK_GATEWAY_PORT"] = str(port)
    os.environ["PYSPARK_GATEWAY_SECRET"] = secret
    gateway = launch_gateway()
    java = gateway.jvm.org.apache.spark
    java_context = java.api.java.JavaSparkContext.fromSparkContext(java.SparkContext.getOrCreate())
    SparkContext._gateway = gateway
    SparkContext._jvm = gateway.jvm
    SparkContext(gateway=gateway, jsc=java_context, conf=SparkConf(_jconf=java_context.getConf()))


def _register_jvm(directory: str | None) -> None:
    """A JVM of our own ends with its parent, but not when it is stopped or stuck: the keeper must know it."""
    from pyspark import SparkContext

    from sevenfold_jobs.common.processes import register_process

    process = getattr(SparkContext._gateway, "proc", None)
    if directory is not None and process is not None:
        register_process(directory, process.pid)
