// What is in the table, and what is asked.

import type { NameTable } from '../../test/dns/support/packed.ts';

export const NAMESPACE = 'shop';
export const HOSTS = 20_000;
/** A pod asks for few names, again and again. */
export const ASKED = 500;

/** Services with two addresses each. */
export function benchTable(): NameTable {
  return Object.fromEntries(
    Array.from({ length: HOSTS }, (_, number) => {
      const ips = [0, 1].map((last) => `10.${number >> 8}.${number & 255}.${last}`);
      const service = { registry: 'Kubernetes', shortname: `service-${number}`, namespace: 'mesh', ips };
      return [`service-${number}.mesh.svc.cluster.local`, service];
    }),
  );
}

/** Lines for dnsperf. */
export const QUESTIONS = {
  local: asked((number) => `service-${number * 7}.mesh.svc.cluster.local A`),
  others: asked((number) => `host-${number}.example.org A`),
} as const;

function asked(line: (number: number) => string): string {
  return Array.from({ length: ASKED }, (_, number) => `${line(number)}\n`).join('');
}
