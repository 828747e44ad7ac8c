# syntax=docker/dockerfile:1
ARG PYTHON=3.13

# ---- build: the wheel, and an environment with it and its pinned dependencies
FROM python:${PYTHON}-slim AS build
WORKDIR /build
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir build
COPY . .
RUN /opt/build/bin/python -m build --wheel --outdir /wheels
RUN python -m venv /opt/kshare \
 && /opt/kshare/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt \
      "$(ls /wheels/kshare-*.whl)[telemetry]"

# ---- runtime: that environment, a user without rights, a place for data
FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/kshare --create-home --shell /usr/sbin/nologin kshare \
 && chmod 0700 /var/lib/kshare
COPY --from=build /opt/kshare /opt/kshare
ENV PATH=/opt/kshare/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    KSHARE_ENVIRONMENT=production \
    KSHARE_HOST=0.0.0.0 \
    KSHARE_PORT=8000 \
    KSHARE_DATA_DIR=/var/lib/kshare
USER 10001
WORKDIR /var/lib/kshare
VOLUME /var/lib/kshare
EXPOSE 8000
# The first start migrates the database, which may take a while: until then it counts as starting, not as unhealthy.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['KSHARE_PORT'] + '/livez', timeout=4)"]
ENTRYPOINT ["kshare"]
CMD ["serve"]
