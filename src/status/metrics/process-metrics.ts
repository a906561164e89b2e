// What Go's collector tells of a process and prom-client does not, or not from the start of the process on; much of it
// from /proc, where there is one.

import { readFile } from 'node:fs/promises';

import { counter, gauge, type Metric } from './metric.ts';

/** What Go shows for a limit that is none: 2^64 - 1. */
const UNLIMITED = 2 ** 64;

const MICROSECONDS_PER_SECOND = 1e6;

/** Nothing is told of what cannot be read. */
export async function processMetrics(procDirectory = '/proc/self'): Promise<readonly Metric[]> {
  const [limits, netstat] = await Promise.all([
    textOf(`${procDirectory}/limits`),
    textOf(`${procDirectory}/net/netstat`),
  ]);
  const traffic = ipExtension(netstat);
  const { user, system } = process.cpuUsage();
  return [
    counter(
      'process_cpu_seconds_total',
      'Time of processors used, seconds.',
      (user + system) / MICROSECONDS_PER_SECOND,
    ),
    gauge(
      'process_virtual_memory_max_bytes',
      'Maximum amount of virtual memory available in bytes.',
      numberOf(addressSpaceLimit(limits)),
    ),
    counter(
      'process_network_receive_bytes_total',
      'Bytes received over the network by all processes of the pod.',
      numberOf(traffic.get('InOctets')),
    ),
    counter(
      'process_network_transmit_bytes_total',
      'Bytes sent over the network by all processes of the pod.',
      numberOf(traffic.get('OutOctets')),
    ),
  ];
}

/** Empty where there is no such file. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return ''; // another operating system, or a closed /proc: the metric is left out
  }
}

function addressSpaceLimit(limits: string): string | undefined {
  const soft = /^Max address space +(\S+)/m.exec(limits)?.[1];
  return soft === 'unlimited' ? String(UNLIMITED) : soft;
}

/** Counters of the network namespace: a line of names, and one of values in the same order. */
function ipExtension(netstat: string): ReadonlyMap<string, string> {
  const [names = [], values = []] = netstat
    .split('\n')
    .filter((line) => line.startsWith('IpExt: '))
    .map((line) => line.split(' '));
  return new Map(names.map((name, index) => [name, values[index] ?? '']));
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
