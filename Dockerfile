# Three images from one file:
#   docker build --target web  -t collegium-web  .    pages, API, site door, sweep's clock: no torch
#   docker build --target hub  -t collegium-hub  .    the hub's workers (and everything of web)
#   docker build --target site -t collegium-site .    a site, for an institution's own computer
# TORCH_INDEX: PyTorch's index of CPU builds; give another for a GPU.
# Each image is Debian, Python and one folder, /opt/collegium; what built it stays behind. No secret is ever in a layer.

FROM node:20-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY app app
RUN npm run build

FROM python:3.11-slim-bookworm AS made
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONSTRAINT=/build/constraints.txt PATH=/opt/collegium/bin:$PATH
WORKDIR /build
COPY constraints.txt ./
RUN python -m venv /opt/build && /opt/build/bin/pip install build hatchling && python -m venv /opt/collegium
COPY pyproject.toml README.md LICENSE ./
COPY worker worker
COPY templates templates
COPY migrations migrations
COPY --from=assets /build/app app
RUN /opt/build/bin/python -m build --wheel --no-isolation --outdir /dist

FROM made AS made-web
RUN pip install "$(ls /dist/*.whl)[web,s3]"

FROM made AS made-torch
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' constraints.txt)"

FROM made-torch AS made-hub
RUN pip install "$(ls /dist/*.whl)[hub,s3]"

FROM made-torch AS made-site
RUN pip install "$(ls /dist/*.whl)[site]"

FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/opt/collegium/bin:$PATH
RUN useradd --uid 10001 --create-home --home-dir /var/lib/collegium collegium
USER collegium
WORKDIR /var/lib/collegium
VOLUME /var/lib/collegium

FROM base AS web
COPY --from=made-web /opt/collegium /opt/collegium
ENV COLLEGIUM_HOME=/var/lib/collegium
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=40s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=8)"]
CMD ["collegium-hub", "serve", "--host", "0.0.0.0"]

FROM base AS hub
COPY --from=made-hub /opt/collegium /opt/collegium
ENV COLLEGIUM_HOME=/var/lib/collegium
CMD ["collegium-hub", "worker"]

FROM base AS site
COPY --from=made-site /opt/collegium /opt/collegium
# Checkpoint, hand the job back, leave: give it time (docker stop --time 60).
STOPSIGNAL SIGTERM
ENTRYPOINT ["collegium-site"]
CMD ["run"]
