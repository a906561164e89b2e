// What can be seen of a workload from outside: pages of Envoy's admin and of the agent's status port, read into the
// few facts the claims speak about.

import type { Workload } from './workload.ts';

export interface EnvoyFacts {
  readonly epoch: number;
  readonly pid: number;
  /** Older Envoys that finish their requests. */
  readonly draining: number;
}

/** The Envoy that serves, by the agent's supervisor; undefined while there is none. */
export async function envoyFacts(workload: Workload): Promise<EnvoyFacts | undefined> {
  const snapshot = (await workload.window.json(workload.status('/debug/envoyz'))) as {
    readonly active?: { readonly epoch: number; readonly pid: number } | null;
    readonly draining: readonly unknown[];
  };
  const { active, draining } = snapshot;
  return active ? { epoch: active.epoch, pid: active.pid, draining: draining.length } : undefined;
}

/** Serial number of the certificate Envoy shows to its peers. */
export async function certificateSerial(workload: Workload): Promise<string | undefined> {
  const page = (await workload.window.json(workload.admin('/certs'))) as {
    readonly certificates: readonly { readonly cert_chain?: readonly { readonly serial_number: string }[] }[];
  };
  return page.certificates.flatMap((entry) => entry.cert_chain ?? [])[0]?.serial_number;
}

/** Sum of the counters of Envoy whose name matches. */
export async function counterSum(workload: Workload, filter: string): Promise<number> {
  const page = workload.admin(`/stats?usedonly&filter=${encodeURIComponent(filter)}`);
  const { body } = await workload.window.get(page);
  const values = body.split('\n').map((line) => Number(line.split(':')[1] ?? 0));
  return values.reduce((sum, value) => sum + value, 0);
}

/** True when the kubelet would send traffic. */
export async function isReady(workload: Workload): Promise<boolean> {
  return (await workload.window.get(workload.readiness)).status === 200;
}

/** Peer, hash and the other facts of the last hop, as the server's program saw them. */
export function forwardedCertificate(header: string): ReadonlyMap<string, string> {
  const last = header.split(',').at(-1) ?? '';
  const pairs = last.split(';').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1).replaceAll('"', '')];
  });
  return new Map(pairs);
}
