# Two images of one build, from the repository's root:
#   docker build --file deploy/images/worker.Dockerfile --target worker --tag sevenfold-worker .
#   docker build --file deploy/images/worker.Dockerfile --target spark --tag sevenfold-spark .
# Tasks on a standalone cluster run with the driver's Python, at the driver's path: both have the same /opt/sevenfold/.venv.
FROM docker.io/library/node:20.20.0-bookworm-slim AS node

FROM docker.io/library/python:3.12.12-slim-bookworm AS runtime
# libgomp1 for LightGBM and XGBoost, procps for `ps` in Spark's scripts.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends libgomp1 openjdk-17-jre-headless procps tini \
  && rm -rf /var/lib/apt/lists/* \
  && ln -s "$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")" /opt/java
ENV JAVA_HOME=/opt/java
RUN groupadd --gid 1000 sevenfold \
  && useradd --uid 1000 --gid 1000 --home-dir /home/sevenfold --create-home sevenfold \
  && install --directory --owner sevenfold --group sevenfold --mode 0700 \
    /var/lib/sevenfold /var/lib/sevenfold-objects /run/sevenfold
WORKDIR /opt/sevenfold

# Everything that is fetched, so that an edit of our code fetches nothing anew.
FROM runtime AS fetched
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV SEVENFOLD_CACHE=/opt/sevenfold-cache
COPY package.json package-lock.json .npmrc sevenfold.mjs setup.mjs ./
COPY setup setup
COPY spark/requirements.lock spark/jars.lock spark/
RUN node setup.mjs \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf /opt/sevenfold-cache/go "$HOME/.cache" "$HOME/.npm"

FROM runtime AS spark
COPY --from=fetched /opt/sevenfold/.venv /opt/sevenfold/.venv
ENV SPARK_HOME=/opt/sevenfold/.venv/lib/python3.12/site-packages/pyspark \
    PYSPARK_PYTHON=/opt/sevenfold/.venv/bin/python
USER sevenfold
WORKDIR /var/lib/sevenfold
ENTRYPOINT ["tini", "--", "/opt/sevenfold/.venv/lib/python3.12/site-packages/pyspark/bin/spark-class"]

FROM runtime AS worker
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=fetched /opt/sevenfold-cache /opt/sevenfold-cache
COPY --from=fetched /opt/sevenfold /opt/sevenfold
COPY package.json tsconfig.json client.ts worker.ts sevenfold.mjs launch.mjs ./
COPY config config
COPY deploy/images/entrypoint.mjs deploy/images/healthy.mjs deploy/images/
COPY spark spark
COPY src src
RUN node setup.mjs --programs
ENV NODE_ENV=production \
    USER=sevenfold \
    SEVENFOLD_CACHE=/opt/sevenfold-cache \
    SEVENFOLD_STATE=/var/lib/sevenfold \
    SEVENFOLD_SPARK_SOCKET=/run/sevenfold/keeper.sock \
    SEVENFOLD_TOOLCHAIN=/opt/sevenfold/.sevenfold/toolchain.json
USER sevenfold
ENTRYPOINT ["tini", "--", "node", "/opt/sevenfold/deploy/images/entrypoint.mjs"]
CMD ["worker"]
