# Three images from one file:
#   docker build --target web  -t collegium-web  .    pages, API, site door, sweep's clock: no torch
#   docker build --target hub  -t collegium-hub  .    the hub's workers (and everything of web)
#   docker build --target site -t collegium-site .    a site, for an institution's own computer
# TORCH_INDEX: PyTorch's index of CPU builds; give another for a GPU.

FROM node:20-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY app app
RUN npm run build

FROM python:3.11-slim-bookworm AS wheel
WORKDIR /build
RUN pip install --no-cache-dir build
COPY pyproject.toml README.md LICENSE ./
COPY worker worker
COPY templates templates
COPY migrations migrations
COPY --from=assets /build/app app
RUN python -m build --wheel --outdir /dist

FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 \
    VIRTUAL_ENV=/opt/collegium PATH=/opt/collegium/bin:$PATH
RUN python -m venv /opt/collegium \
    && useradd --uid 10001 --create-home --home-dir /var/lib/collegium collegium
COPY constraints.txt /tmp/constraints.txt
COPY --from=wheel /dist /tmp/dist

FROM base AS web
RUN pip install -c /tmp/constraints.txt "$(ls /tmp/dist/*.whl)[web,s3]" && rm -r /tmp/dist
USER collegium
WORKDIR /var/lib/collegium
ENV COLLEGIUM_HOME=/var/lib/collegium
VOLUME /var/lib/collegium
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=40s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=8)"]
CMD ["collegium-hub", "serve", "--host", "0.0.0.0"]

FROM base AS learning
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' /tmp/constraints.txt)"

FROM learning AS hub
RUN pip install -c /tmp/constraints.txt "$(ls /tmp/dist/*.whl)[hub,s3]" && rm -r /tmp/dist
USER collegium
WORKDIR /var/lib/collegium
ENV COLLEGIUM_HOME=/var/lib/collegium
VOLUME /var/lib/collegium
CMD ["collegium-hub", "worker"]

FROM learning AS site
RUN pip install -c /tmp/constraints.txt "$(ls /tmp/dist/*.whl)[site]" && rm -r /tmp/dist
USER collegium
WORKDIR /var/lib/collegium
VOLUME /var/lib/collegium
# Checkpoint, hand the job back, leave: give it time (docker stop --time 60).
STOPSIGNAL SIGTERM
ENTRYPOINT ["collegium-site"]
CMD ["run"]
