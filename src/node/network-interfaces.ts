// The machine's network interfaces, read until every one of them has its address.
// What follows from them is in instance-addresses.ts. Upstream: pkg/bootstrap/platform network lookups.

import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

import type { Clock } from '../runtime/clock.ts';
import { isUnspecifiedAddressPresent, type NetworkInterface } from './instance-addresses.ts';

const RETRY_MS = 100;
const GIVE_UP_MS = 120_000;

export type ReadInterfaces = () => Promise<readonly NetworkInterface[]>;

/**
 * Reads again every 100 ms while an interface holds an unspecified address, for at most two minutes; then there are
 * none. Rejects with the signal's reason.
 */
export async function settledInterfaces(
  { clock, read }: { readonly clock: Clock; readonly read: ReadInterfaces },
  signal: AbortSignal,
): Promise<readonly NetworkInterface[]> {
  const giveUpAt = clock.monotonicMs() + GIVE_UP_MS;
  for (;;) {
    const interfaces = await read();
    if (!isUnspecifiedAddressPresent(interfaces)) return interfaces;
    if (clock.monotonicMs() >= giveUpAt) return [];
    await clock.sleep(RETRY_MS, signal);
  }
}

/** Interfaces that are up, with their kernel indexes. */
export async function readInterfaces(): Promise<readonly NetworkInterface[]> {
  const found = Object.entries(networkInterfaces());
  return Promise.all(
    found.map(async ([name, addresses = []]) => ({
      name,
      index: await interfaceIndex(name),
      addresses: addresses.map(({ address }) => address),
    })),
  );
}

/** Off Linux there is no such file: the order of the system stays. */
async function interfaceIndex(name: string): Promise<number> {
  try {
    return Number(await readFile(`/sys/class/net/${name}/ifindex`, 'utf8'));
  } catch {
    return 0;
  }
}
