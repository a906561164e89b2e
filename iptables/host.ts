// This machine as the capture sees it.

import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

import type { CaptureHost } from './settings.ts';

export function systemHost(): CaptureHost {
  return {
    addresses: () => {
      const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
      // Node groups by interface; the kernel lists all of IPv4, then all of IPv6.
      const of = (family: string): readonly string[] =>
        all.filter((entry) => entry.family === family).map(({ address }) => address);
      return [...of('IPv4'), ...of('IPv6')];
    },
    interfaces: () => new Set(Object.keys(networkInterfaces())),
    readText: (path) => readFile(path, 'utf8'),
  };
}
