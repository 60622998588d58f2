# syntax=docker/dockerfile:1
# cartload in a container that runs as nobody's user and holds nothing but the binary.
#   docker build -t cartload .
#   docker run --rm -v cartload-data:/data cartload run --cycles 24 --time-scale 720 --rate 600

FROM rust:1.95-slim-bookworm AS build
# A C compiler for the bundled SQLite and ring.
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin cartload \
 && cp target/release/cartload /usr/local/bin/cartload

FROM debian:bookworm-slim
# Roots for HTTPS and TLS to Postgres; curl for the health check.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home --home-dir /data --shell /usr/sbin/nologin cartload \
 && chmod 700 /data
COPY --from=build /usr/local/bin/cartload /usr/local/bin/cartload
USER 10001:10001
WORKDIR /data
# Other containers reach it, so reading takes the token too (CARTLOAD_WEB_TOKEN_FILE).
ENV CARTLOAD_DATA=/data \
    CARTLOAD_SERVE=0.0.0.0:9184 \
    CARTLOAD_LOG_FORMAT=json
VOLUME ["/data"]
EXPOSE 9184
# SIGTERM: flows end, a checkpoint is written, the process ends within 25 s.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--max-time", "4", "http://127.0.0.1:9184/healthz"]
ENTRYPOINT ["cartload"]
CMD ["run"]
