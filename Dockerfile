# One image for all processes: `docker run IMAGE run gateway`. `make image` builds it, `make image-check` runs it.
# infra/images.json says where the digests come from; test/unit/infra/image.test.ts holds this file to it.
ARG NODE_IMAGE=node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund --loglevel error
COPY LICENSE ./
COPY schemas schemas
COPY services services
# Runbooks, which the console shows in place.
COPY docs/runbooks docs/runbooks
COPY docs/operators docs/operators
COPY infra/image infra/image
RUN node services/local/bundle/main.ts /app \
 && find /app -name '*.ts' -delete \
 && cp infra/image/healthcheck.js LICENSE /app/ \
 && npm sbom --sbom-format=cyclonedx --package-lock-only --omit=dev > /app/sbom.cdx.json \
 && mkdir -p /out/mappings /out/signals/operator \
 && for process in gateway ingest attribution keywords dispatch control; do mkdir /out/signals/$process; done \
 && chmod -R a=rX,u+w /app

# No shell, no npm, no package manager: what a process does not need cannot be used against it.
FROM ${RUNTIME_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Messaging Signals" \
      org.opencontainers.image.description="Turns conversations into advertising signals without giving away what was said." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      io.messaging-signals.sbom="/app/sbom.cdx.json"
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
# Mount points. A named volume takes its owner from here.
COPY --from=build --chown=65532:65532 /out/signals /run/signals
COPY --from=build --chown=65532:65532 /out/mappings /mappings
# Each container has an address of its own, so all processes use the same ports.
ENV NODE_ENV=production \
    BIND_ADDRESS=0.0.0.0 \
    METRICS_PORT=9100 \
    GATEWAY_PORT=8080 \
    CONSOLE_PORT=8081 \
    CALLBACK_PORT=8082 \
    SIMULATOR_PORT=8090 \
    SIGNALS_DATA_DIR=/run/signals \
    SIGNALS_CACHE_DIR=/tmp/signals \
    MALLOC_ARENA_MAX=1 \
    MALLOC_TRIM_THRESHOLD_=33554432 \
    MALLOC_MMAP_THRESHOLD_=33554432
WORKDIR /app
USER 65532:65532
EXPOSE 8080 8081 8082 9100
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["/usr/local/bin/node", "/app/healthcheck.js"]
ENTRYPOINT ["/usr/local/bin/node", "/app/signals.js"]
CMD ["--help"]
