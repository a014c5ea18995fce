# Bursar's two programs, an image each:
#
#   docker build --target coordinator -t bursar-coordinator .
#   docker build --target agent -t bursar-agent .
#
# Both run as the user 10001 and hear SIGTERM themselves, so they need no init. What
# the agent's browser needs of its host is said at its target.

ARG RUST_VERSION=1.95
ARG DEBIAN=bookworm

FROM rust:${RUST_VERSION}-slim-${DEBIAN} AS build
# A C compiler, for ring and SQLite.
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --locked --release --package coordinator --package agent \
    && install -D --target-directory=/out target/release/coordinator target/release/agent

FROM debian:${DEBIAN}-slim AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 bursar \
    && useradd --uid 10001 --gid bursar --home-dir /data --no-create-home --shell /usr/sbin/nologin bursar \
    && install -d -o bursar -g bursar -m 0700 /data
ENV LANG=C.UTF-8

FROM base AS coordinator
# redis-server is the private queue, used unless BURSAR__REDIS__URL names another;
# git fetches a catalog that is in a repository; curl asks for the container's health.
RUN apt-get update \
    && apt-get install -y --no-install-recommends redis-server git openssh-client curl \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/coordinator /usr/local/bin/coordinator
COPY scripts /usr/share/bursar/scripts
# The store, the master key and the agents' token are in /data, unless settings say
# otherwise: keep it.
ENV BURSAR__DATA=/data \
    BURSAR__CATALOG__FOLDER=/usr/share/bursar/scripts \
    BURSAR__HTTP__LISTEN=0.0.0.0:8080 \
    BURSAR__LOG__FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["curl", "--silent", "--fail", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["coordinator"]
CMD ["serve"]

FROM base AS agent
# Chromium's sandbox is on. It needs user namespaces, which the host must give to
# ordinary users and the runtime's seccomp filter must let through; by default it
# doesn't. One of these, best first:
#   --security-opt seccomp=deploy/chromium-seccomp.json
#                                 lets user namespaces be made, and a chroot in them
#   --cap-add=SYS_ADMIN           opens the filter for that, and for much else
#   -e BURSAR_BROWSER_SANDBOX=off the container is then the only wall that is left
# Shared memory needs no setting: the browser is told not to use /dev/shm.
RUN apt-get update \
    && apt-get install -y --no-install-recommends chromium-headless-shell fonts-liberation \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/agent /usr/local/bin/agent
ENV BURSAR_AGENT_DATA=/data \
    BURSAR_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
# BURSAR_COORDINATOR and BURSAR_AGENT_TOKEN (or --token-file) have to be given. Let
# it have longer to stop than it drains: docker stop --time 30.
STOPSIGNAL SIGTERM
ENTRYPOINT ["agent"]
CMD ["run"]
