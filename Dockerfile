# syntax=docker/dockerfile:1
# Slim, non-root, nothing to build at run time. See docs/architecture.md; the compose file comes with the service.
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
    CONNECTOR_CONFIG=/config/nps.yaml
USER 10001
WORKDIR /data
VOLUME ["/data"]
# Reads /config/nps.yaml (mount it read-only); let storage.data point to /data. One pass, then it leaves with the
# documented exit code: let cron, a systemd timer or a Kubernetes CronJob start it.
ENTRYPOINT ["connector"]
CMD ["run", "--once"]
