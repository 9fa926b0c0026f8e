# Of requirements.lock what a Dataproc batch needs: Spark is mounted by the service and must not come twice, and what
# only tests and the keeper's machine use stays at home.
/^[A-Za-z0-9]/ { keep = !/^(pyspark|py4j|pytest|pytest-xdist|execnet|pluggy|iniconfig|ruff|highspy|hypothesis|sortedcontainers|pygments)==/ }
keep
