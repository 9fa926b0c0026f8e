"""The batch's Spark session: in the keeper's JVM, in a test's, or in one of its own."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def for_batch(
    batch_id: str, warm: dict[str, Any] | None, master: str | None, directory: str | None
) -> "SparkSession":
    """A new session: views and settings are the batch's own, its Spark jobs carry its id as their group.

    `warm` is `{port, secret}` of the keeper's gateway. Without it, a JVM that this process already has (a
    test's) is used, else one is launched, with PYSPARK_SUBMIT_ARGS and `master`.
    """
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is None and warm is None:
        builder = SparkSession.builder.appName(batch_id)
        spark = (builder if master is None else builder.master(master)).getOrCreate()
        _register_jvm(directory)
    else:
        if SparkContext._active_spark_context is None:
            _attach(warm["port"], warm["secret"])
        context = SparkContext._active_spark_context
        spark = SparkSession(context, context._jvm.SparkSession.builder().getOrCreate().newSession())
    # With interruption, so that a task that waits (for a lock, for a row) ends with the cancel as well.
    spark.sparkContext.setJobGroup(batch_id, batch_id, interruptOnCancel=True)
    return spark


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
