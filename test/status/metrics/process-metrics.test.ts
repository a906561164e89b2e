import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Metric } from '../../../src/status/metrics/metric.ts';
import { processMetrics } from '../../../src/status/metrics/process-metrics.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const LIMITS = [
  'Limit                     Soft Limit           Hard Limit           Units     ',
  'Max address space         1073741824           unlimited            bytes     ',
  'Max open files            1024                 4096                 files     ',
].join('\n');

const NETSTAT = [
  'TcpExt: SyncookiesSent InOctets',
  'TcpExt: 1 2',
  'IpExt: InNoRoutes InOctets OutOctets',
  'IpExt: 0 5000 7000',
  '',
].join('\n');

/** Without the one that is known without files. */
async function fromFiles(directory?: string): Promise<readonly Metric[]> {
  const metrics = await processMetrics(directory);
  return metrics.filter(({ name }) => name !== 'process_cpu_seconds_total');
}

async function values(limits: string, netstat: string): Promise<Record<string, number | undefined>> {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'net'));
  await writeFile(join(directory.path, 'limits'), limits);
  await writeFile(join(directory.path, 'net/netstat'), netstat);
  const metrics = await fromFiles(directory.path);
  return Object.fromEntries(
    metrics.map(({ name, series: [first] }) => [name, first && 'value' in first ? first.value : undefined]),
  );
}

describe('processMetrics', () => {
  it('tells the limit of virtual memory and the traffic of the pod', async () => {
    assert.deepEqual(await values(LIMITS, NETSTAT), {
      process_virtual_memory_max_bytes: 1_073_741_824,
      process_network_receive_bytes_total: 5000,
      process_network_transmit_bytes_total: 7000,
    });
  });

  it('shows no limit as Go does', async () => {
    const shown = await values(LIMITS.replace('1073741824 ', 'unlimited  '), '');

    assert.equal(shown['process_virtual_memory_max_bytes'], 2 ** 64);
  });

  it('tells nothing of what cannot be read', async () => {
    const unknown = Object.fromEntries(Object.keys(await values('', '')).map((name) => [name, undefined]));

    assert.deepEqual(await values('', 'IpExt: InOctets\n'), unknown);
    const metrics = await fromFiles('/nonexistent');
    assert.ok(metrics.every(({ series }) => series.length === 0));
  });

  it('reads the files of this process', async () => {
    const metrics = await fromFiles();

    assert.equal(metrics.filter(({ series }) => series.length === 1).length, 3);
  });
});
