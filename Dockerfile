# syntax=docker/dockerfile:1
# Slim, non-root, nothing to build at run time; the root file system may be read-only. See docs/operations.md.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements/run.lock requirements/run.lock
RUN python -m venv /opt/connector \
 && /opt/connector/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY connector connector
RUN /opt/connector/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data connector
COPY --from=build /opt/connector /opt/connector
ENV PATH=/opt/connector/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CONNECTOR_CONFIG=/config/nps.yaml \
    SQLITE_TMPDIR=/data \
    MALLOC_ARENA_MAX=2
# Few arenas: else what one thread gave back is kept from the others, and memory creeps up for days.
# connector db vacuum and connector forget write the database anew, and /tmp is small.
USER 10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 9464
STOPSIGNAL SIGTERM
# Asks the private listener and reads no configuration: a mistake in a changed file makes no healthy service look ill.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["connector", "health", "--at", "127.0.0.1:9464"]
# Reads /config/nps.yaml (mount it read-only); let storage.data be /data. `run --once` makes a single pass instead, for
# cron or a Kubernetes CronJob.
ENTRYPOINT ["connector"]
CMD ["run"]
