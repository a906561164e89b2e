#!/bin/sh
# Writes an archive of a minimal Debian with Node and npm: debian-root.sh RELEASE MIRROR PACKAGES NODE NPM ARCHIVE.
# Run by `unshare --mount`: the file system lies in memory, where the many syncs of dpkg cost nothing, and is gone with
# this process, however that ends.
set -eu
release=$1 mirror=$2 packages=$3 node=$4 npm=$5 archive=$6

root=$(dirname "$archive")/root
mkdir "$root"
mount -t tmpfs -o size=2g tmpfs "$root"
debootstrap --variant=minbase --include="$packages" "$release" "$root" "$mirror" >&2
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
cp "$node" "$root/usr/local/bin/node"
npm install --global --prefix "$root/usr/local" --no-fund --no-audit --loglevel=error "npm@$npm" >&2
tar -C "$root" --one-file-system -cf "$archive" .
