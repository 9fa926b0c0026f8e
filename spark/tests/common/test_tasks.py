"""What a task is given: a way into the database, but in no closure; and what it tells of itself."""

import pickle
import time

import psycopg
import pytest

from sevenfold_jobs.common.batch import Batch
from sevenfold_jobs.common.execution import used_since
from sevenfold_jobs.common.session import DATABASE_SECRET
from sevenfold_jobs.common.usage import cpu_seconds

PASSWORD = "hunter2"
URL = f"postgresql://someone:{PASSWORD}@127.0.0.1:1/none"


def test_what_is_sent_to_a_task_holds_no_password():
    from pyspark.serializers import CloudPickleSerializer

    task = Batch({"batchId": "sf-x-1", "databaseUrl": URL}).task()
    sent = CloudPickleSerializer().dumps(task.metered(lambda rows: (task for _ in rows)))
    assert PASSWORD.encode() not in sent


def test_outside_its_job_a_task_does_not_connect_to_whatever_the_environment_names():
    pytest.importorskip("pyspark")
    elsewhere = pickle.loads(pickle.dumps(Batch({"batchId": "sf-x-1", "databaseUrl": URL}).task()))
    with pytest.raises(RuntimeError, match="address is known in the job and in the tasks"):
        elsewhere.connect()


def test_a_task_finds_the_database_and_tells_its_cpu_time(spark, make_batch):
    batch = make_batch("pool_metrics", {})
    context, task = batch.spark().sparkContext, batch.task()

    def work(rows):
        began = time.process_time()
        while time.process_time() - began < 0.05:
            pass
        with task.connect() as connection:
            [name] = connection.execute("select current_setting('application_name')").fetchone()
        yield from (name for _ in rows)

    assert batch.task_cpu_seconds() == 0
    names = context.parallelize(range(2), 2).mapPartitions(task.metered(work)).collect()
    assert names == [task.application_name] * 2
    assert 0.1 <= batch.task_cpu_seconds() < 60


def test_spark_keeps_the_address_out_of_its_event_log(spark, tmp_path):
    """Its own listener is asked: of local properties it hides only those that the configuration names."""
    context = spark.sparkContext
    configuration = context._jsc.sc().getConf()
    folder = context._jvm.java.net.URI(tmp_path.as_uri())
    listener = context._jvm.org.apache.spark.scheduler.EventLoggingListener(
        "app", context._jvm.scala.Option.empty(), folder, configuration
    )
    properties = context._jvm.java.util.Properties()
    properties.setProperty(DATABASE_SECRET, URL)
    properties.setProperty("spark.jobGroup.id", "sf-x-1")
    logged = listener.redactProperties(properties)
    assert logged.getProperty("spark.jobGroup.id") == "sf-x-1"
    assert PASSWORD not in logged.getProperty(DATABASE_SECRET)


def test_what_a_batch_used_holds_what_its_tasks_used(spark, make_batch, database_url):
    batch = make_batch("pool_metrics", {})
    before = cpu_seconds()
    alone = used_since(before, {"batchId": batch.batch_id, "databaseUrl": database_url})["cpuSeconds"]
    with psycopg.connect(database_url) as connection:
        connection.execute("update batches set task_cpu_seconds = 140 where batch_id = %s", (batch.batch_id,))
    used = used_since(before, {"batchId": batch.batch_id, "databaseUrl": database_url})["cpuSeconds"]
    assert 140 <= used - alone < 200
