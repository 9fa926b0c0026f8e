# requirements.lock without Spark, which the Dataproc service mounts: it must not be there twice.
/^[A-Za-z0-9]/ { keep = !/^(pyspark|py4j)==/ }
keep
