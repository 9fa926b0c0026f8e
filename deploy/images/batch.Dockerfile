# What Dataproc batches run in, by DATAPROC_CONTAINER_IMAGE. Build from the repository's root:
#   docker build --file deploy/images/batch.Dockerfile --tag sevenfold-batch .
# The service mounts Spark and Java; an image that brings its own does not start. Python 3.12 is what runtime 1.2 has: an
# object that one side pickles must be read by the other.
FROM docker.io/library/python:3.12.12-slim-bookworm

# procps and tini are the service's own demands; libgomp1 is the one of LightGBM and XGBoost.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends libgomp1 libjemalloc2 procps tini \
  && rm -rf /var/lib/apt/lists/*

COPY spark/requirements.lock deploy/images/batch-requirements.awk /tmp/
RUN awk -f /tmp/batch-requirements.awk /tmp/requirements.lock > /tmp/batch.lock \
  && pip install --no-cache-dir --no-deps --require-hashes --requirement /tmp/batch.lock \
  && rm /tmp/requirements.lock /tmp/batch.lock /tmp/batch-requirements.awk

ENV PYSPARK_PYTHON=/usr/local/bin/python3.12 \
    PYTHONUNBUFFERED=1 \
    PYTHONHASHSEED=0 \
    OPENBLAS_NUM_THREADS=1

# The numbers are the service's.
RUN groupadd --gid 1099 spark && useradd --uid 1099 --gid 1099 --home-dir /home/spark --create-home spark
USER spark
