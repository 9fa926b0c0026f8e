"""The process of one batch, started before there is a request so that the request finds everything imported.

Reads one JSON line on stdin, runs the job it names, leaves `outcome.json` and is gone. Before that line it
imports nothing of ours but this file: a job is never run by code older than its request.
"""

import importlib
import json
import os
import sys
import threading


# What nearly every job needs: 0.4 s that a waiting process has behind it.
EARLY = (
    "numpy",
    "pandas",
    "psycopg",
    "pyarrow.compute",
    "pyspark.sql.functions",
    "pyspark.sql.pandas.types",
    "pyspark.sql.window",
)


def main() -> None:
    for module in EARLY:
        importlib.import_module(module)
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        attach()
    print("ready", flush=True)
    line = sys.stdin.readline()
    if line:
        threading.Thread(target=end_with_the_keeper, daemon=True).start()
        from sevenfold_jobs.common.execution import execute

        execute(json.loads(line))


def attach() -> None:
    """Makes the keeper's JVM this process's, by the port and secret in the environment."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    gateway = launch_gateway()
    jvm = gateway.jvm
    context = jvm.org.apache.spark.SparkContext.getOrCreate()
    java_context = jvm.org.apache.spark.api.java.JavaSparkContext.fromSparkContext(context)
    SparkContext._gateway = gateway
    SparkContext._jvm = jvm
    SparkContext(gateway=gateway, jsc=java_context, conf=SparkConf(_jconf=java_context.getConf()))


def end_with_the_keeper() -> None:
    """Nobody would read the outcome, and nobody could cancel: a job without its keeper ends at once."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
