// The demo without root: every host is 127.0.0.1, told apart by ports, and nothing is captured.

import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';

import { freePorts } from './free-ports.ts';
import { makeDirectory } from './remains.ts';
import { HOST_NAMES, POD_PORTS, type HostName, type Layout, type Ports } from './topology.ts';

const PACKAGE = resolve(import.meta.dirname, '../..');
const PORT_NAMES = Object.keys(POD_PORTS) as (keyof Ports)[];

export async function makeLoopback(envoy: string): Promise<Layout> {
  const directory = await makeDirectory();
  const free = await freePorts(1 + HOST_NAMES.length * PORT_NAMES.length);
  const discoveryPort = free.pop() ?? 0;
  const ports = (): Ports =>
    Object.fromEntries(PORT_NAMES.map((name) => [name, free.pop()])) as Record<keyof Ports, number>;
  const host = (name: HostName) => ({ name, address: '127.0.0.1', ports: ports() });
  return {
    captured: false,
    directory,
    hosts: { control: host('control'), client: host('client'), server: host('server') },
    discoveryAddress: `localhost:${discoveryPort}`,
    discoveryPort,
    paths: { envoy: resolve(envoy), package: PACKAGE },
    command: (_host, { args, cwd, env }) => ({
      file: process.execPath,
      args,
      cwd,
      env: { PATH: process.env.PATH ?? '', ...env },
    }),
    proxyUser: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    prefix: () => '',
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
