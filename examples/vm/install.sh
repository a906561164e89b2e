#!/bin/sh
# Puts the agent, its unit and the folders it needs on a machine, as Istio's packages do: run it as root in a built
# checkout (npm ci && npm run build). Node 24, Envoy and iptables come from elsewhere. Running it again changes nothing
# that somebody has changed: user, configuration and certificates stay.
#
#   install.sh [ROOT]           ROOT is put before every path; default: none
#   DIST                        the built agent; default: dist of the checkout
set -eu
umask 022 # another user runs what root installs

root=${1:-}
here=$(cd "$(dirname "$0")" && pwd)
dist=${DIST:-$here/../../dist}

if [ ! -x "$dist/agent" ]; then
  echo "install.sh: $dist/agent is not there: npm ci && npm run build" >&2
  exit 1
fi

# The user whose traffic is not captured.
if ! getent group istio-proxy >/dev/null; then groupadd --system istio-proxy; fi
if ! getent passwd istio-proxy >/dev/null; then
  useradd --system --gid istio-proxy --home-dir /var/lib/istio --no-create-home --shell /usr/sbin/nologin istio-proxy
fi

# The agent is one folder; its launcher finds the rest beside itself. Nothing of an older one stays.
folder=$root/usr/local/lib/sidecar-agent
rm -rf "$folder.new"
mkdir -p "$folder.new" "$root/usr/local/bin"
cp -R "$dist/." "$folder.new/"
chmod -R u=rwX,go=rX "$folder.new"
rm -rf "$folder"
mv "$folder.new" "$folder"
for name in agent pilot-agent; do
  ln -sfn ../lib/sidecar-agent/agent "$root/usr/local/bin/$name"
done
install -m 0755 "$here/istio-start.sh" "$root/usr/local/bin/istio-start.sh"
install -D -m 0644 "$here/istio.service" "$root/usr/lib/systemd/system/istio.service"

# What the proxy's user writes, and where the files of "istioctl x workload entry configure" go.
for name in var/lib/istio var/lib/istio/envoy var/lib/istio/proxy var/lib/istio/config var/log/istio etc/certs; do
  install -d -o istio-proxy -g istio-proxy -m 0755 "$root/$name"
done
[ -e "$root/etc/istio" ] || ln -s ../var/lib/istio "$root/etc/istio"
[ -e "$root/var/lib/istio/config/mesh" ] || install -o istio-proxy -g istio-proxy -m 0644 /dev/null \
  "$root/var/lib/istio/config/mesh"
