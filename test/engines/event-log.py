"""A small application of three job groups, whose stages and tasks are known: `event-log.py <folder>`."""

import contextlib
import sys

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

folder = sys.argv[1]
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.local.dir", folder)
    .config("spark.sql.warehouse.dir", f"{folder}/warehouse")
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.eventLog.enabled", "true")
    .config("spark.eventLog.dir", folder)
    .config("spark.eventLog.compress", "false")
    .config("spark.eventLog.rolling.enabled", "true")
    .config("spark.eventLog.rolling.maxFileSize", "10m")
    .getOrCreate()
)
context = spark.sparkContext

context.setJobGroup("sf-shuffle", "three tasks, then two")
pairs = context.parallelize(range(30_000), 3).map(lambda number: (number % 1_000, str(number) * 20))
grouped = pairs.groupByKey(2)
grouped.count()

context.setJobGroup("sf-again", "the shuffle is there: two tasks, one of them tried in vain")
with contextlib.suppress(Py4JJavaError):
    grouped.map(lambda pair: 1 // (0 if pair[0] == 7 else 1)).count()

context.setJobGroup("sf-sql", "four tasks, and those of an exchange")
spark.range(0, 4_000, 1, 4).selectExpr("id % 7 as rest").groupBy("rest").count().collect()
spark.stop()
