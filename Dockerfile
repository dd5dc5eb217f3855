# The bot in a container: hashed install, an unprivileged user, compiled in advance, nothing written at run time.
# Only instructions that Docker and buildah 1.28 both know.
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/egress
WORKDIR /src
# requirements-tracing.lock brings OpenTelemetry.
ARG REQUIREMENTS=requirements.lock
COPY ${REQUIREMENTS} requirements.lock
RUN /opt/egress/bin/python -m pip install --quiet --no-compile --require-hashes --no-deps --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY handlers ./handlers
COPY migrations ./migrations
# Without .pyc files `import azure.mgmt.network` costs 2-3 s and over 300 MB, on every start of a read-only container.
# They are valid whatever the copy into the next stage makes of the files' times.
RUN /opt/egress/bin/python -m pip install --quiet --no-compile --no-deps --no-build-isolation . \
    && /opt/egress/bin/python -m pip uninstall --quiet --yes pip hatchling editables \
    && python -m compileall -q -f -j 0 -o 0 -o 2 --hardlink-dupes --invalidation-mode unchecked-hash /opt/egress

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="aks-egress-bot" \
      org.opencontainers.image.description="Egress operations for AKS, in Slack"
# HOME, because nobody has an entry for the user, and Slack's SDK asks for a home when it is imported.
ENV PATH=/opt/egress/bin:${PATH} HOME=/opt/egress PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    EGRESS_CONFIG=/etc/egress/egress.toml EGRESS_LISTEN=0.0.0.0:8080 EGRESS_HEALTH_LISTEN=0.0.0.0:8081 \
    EGRESS_LOG_FORMAT=json
# The bot would set this itself and start once more (bot/wiring/footprint.py says why).
ENV GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0:glibc.malloc.trim_threshold=131072:glibc.malloc.mmap_threshold=131072
# The image's own Python comes without compiled modules: each start, and each look at its health, would compile them anew.
RUN python -m compileall -q -j 0 -o 0 -o 2 --hardlink-dupes --invalidation-mode unchecked-hash \
    -x '/(tests?|site-packages)/' "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=build /opt/egress /opt/egress
USER 10001:10001
WORKDIR /opt/egress
EXPOSE 8080 8081
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/healthz', timeout=4)"]
# -OO: docstrings would stay in memory, 7 MB of them. `egress-bot --help` in the container still has them.
ENTRYPOINT ["python", "-OO", "-m", "bot"]
CMD ["serve"]
