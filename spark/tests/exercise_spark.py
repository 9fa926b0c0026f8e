"""Takes a JVM of Spark through what most jobs ask of it and lets it end by itself: it then writes the archive
of the classes that it loaded. The JVM's options come by PYSPARK_SUBMIT_ARGS."""

import sys
import tempfile
from collections.abc import Iterator

import pyarrow as pa
from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name of the field
from pyspark.sql.window import Window


def passed_on(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def exercise(spark: SparkSession, folder: str) -> None:
    numbers = spark.range(0, 1_000, 1, 2).withColumn("rest", F.col("id") % 7)
    sums = numbers.groupBy("rest").agg(F.sum("id").alias("sum"), F.avg("id").alias("all"))
    window = Window.partitionBy("rest").orderBy("id").rowsBetween(-3, 0)
    numbers.withColumn("mean", F.avg("id").over(window)).join(sums, "rest").write.parquet(f"{folder}/rows")
    spark.read.parquet(f"{folder}/rows").mapInArrow(passed_on, "rest long, id long").toPandas()
    spark.createDataFrame(sums.toPandas()).collect()
    spark.sparkContext.parallelize(range(8), 4).mapPartitions(lambda part: part).collect()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        spark = SparkSession.builder.getOrCreate()
        jvm = SparkContext._gateway.proc
        exercise(spark, folder)
        spark.stop()
        jvm.stdin.close()
        sys.exit(jvm.wait())


main()
