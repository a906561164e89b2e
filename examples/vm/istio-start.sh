#!/bin/sh
# Starts the agent on a machine outside the cluster: as root the rules that capture its traffic, then the agent as the
# proxy's user. Takes the words, files and variables of the script of the same name in Istio's packages for machines.
#
#   istio-start.sh              rules as the files say, then the agent
#   istio-start.sh run          the agent, no rules
#   istio-start.sh init ARG…    rules as the words after it say, no agent; "-p PORT ARG…" likewise
#   istio-start.sh clean        removes the rules
#
# Paths that begin with "./" start at the directory it runs in; the unit runs it in /.
set -e

# Every variable of these files becomes one of the agent's; the second has the last word.
set -a
ISTIO_SIDECAR_CONFIG=${ISTIO_SIDECAR_CONFIG:-./var/lib/istio/envoy/sidecar.env}
# shellcheck source=/dev/null
if [ -r "$ISTIO_SIDECAR_CONFIG" ]; then . "$ISTIO_SIDECAR_CONFIG"; fi
ISTIO_CLUSTER_CONFIG=${ISTIO_CLUSTER_CONFIG:-./var/lib/istio/envoy/cluster.env}
# shellcheck source=/dev/null
if [ -r "$ISTIO_CLUSTER_CONFIG" ]; then . "$ISTIO_CLUSTER_CONFIG"; fi
set +a
set -u # not before: the files may be written without it

agent=${ISTIO_BIN_BASE:-/usr/local/bin}/pilot-agent
proxy_user=${EXEC_USER:-istio-proxy}
word=${1-}

fail() {
  echo "istio-start.sh: $*" >&2
  exit 1
}

# Traffic of the proxy's user and group is not captured. Left to itself the agent takes one number for both.
rules() {
  if [ "${ISTIO_CUSTOM_IP_TABLES:-}" = true ]; then return; fi
  PROXY_UID=${PROXY_UID:-$(id -u "$proxy_user")} PROXY_GID=${PROXY_GID:-$(id -g "$proxy_user")} \
    "$agent" istio-iptables "$@"
}

# Also when the user is gone: what it leaves must not stay.
if [ "$word" = clean ]; then
  rules --cleanup-only
  exit 0
fi

id "$proxy_user" >/dev/null 2>&1 || fail "there is no user $proxy_user: make it (install.sh does), or set EXEC_USER"
proxy_group=$(id -gn "$proxy_user")

if [ "$word" = init ] || [ "$word" = -p ]; then
  [ "$word" = -p ] || shift
  rules --cleanup-only
  rules "$@"
  exit 0
fi

# Where the control plane is, when not where Istio puts it.
istiod=istiod.${ISTIO_SYSTEM_NAMESPACE:-istio-system}.svc
pilot=${PILOT_ADDRESS:-${ISTIO_PILOT_PORT:+$istiod:$ISTIO_PILOT_PORT}}
CA_ADDR=${CA_ADDR:-${pilot:-$istiod:15012}}

# Set but empty means none: no certificate to show, none to leave for the next start.
PROV_CERT=${PROV_CERT-./etc/certs}
OUTPUT_CERTS=${OUTPUT_CERTS-./etc/certs}

if [ -z "${PROXY_CONFIG:-}" ]; then
  PROXY_CONFIG="serviceCluster: ${ISTIO_SERVICE:-rawvm}
controlPlaneAuthPolicy: ${ISTIO_CP_AUTH:-MUTUAL_TLS}"
  if [ -n "$pilot" ]; then
    PROXY_CONFIG="$PROXY_CONFIG
discoveryAddress: $pilot"
  fi
fi

INSTANCE_IP=${ISTIO_SVC_IP:-$(hostname --all-ip-addresses | cut -d ' ' -f 1)}
POD_NAME=${POD_NAME:-$(hostname -s)}
POD_NAMESPACE=${ISTIO_NAMESPACE:-default}
export CA_ADDR PROV_CERT OUTPUT_CERTS PROXY_CONFIG INSTANCE_IP POD_NAME POD_NAMESPACE

# Transparent sockets take a capability that here only root has.
run_user=$proxy_user
if [ "${ISTIO_INBOUND_INTERCEPTION_MODE:-}" = TPROXY ]; then run_user=root; fi

# The flags are words, not one word, and no patterns of file names.
set -f
# shellcheck disable=SC2086
set -- "$agent" proxy ${ISTIO_AGENT_FLAGS:-}

# Another user's output goes to files, which that user opens: root must not write where others may place links.
if [ "$run_user" != "$(id -un)" ]; then
  ISTIO_LOG_DIR=${ISTIO_LOG_DIR:-./var/log/istio}
  export ISTIO_LOG_DIR
  # shellcheck disable=SC2016
  set -- /bin/sh -c 'exec "$@" >>"$ISTIO_LOG_DIR/istio.log" 2>>"$ISTIO_LOG_DIR/istio.err.log"' sh "$@"
fi

# Root, too, gets the proxy's group, or its traffic would be captured. setpriv becomes the agent, so that signals of
# systemd reach it at once; sudo stays between them and passes them on.
if [ "$run_user $proxy_group" != "$(id -un) $(id -gn)" ]; then
  if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    set -- setpriv --reuid "$run_user" --regid "$proxy_group" --init-groups "$@"
  elif command -v sudo >/dev/null; then
    set -- sudo -E -u "$run_user" -g "$proxy_group" -- "$@"
  else
    fail "cannot become $run_user: start it as root where setpriv is, or install sudo"
  fi
fi

# Last, so that no mistake above leaves traffic captured with nobody to take it.
if [ "$word" != run ]; then
  rules --cleanup-only
  rules
fi
exec "$@"
