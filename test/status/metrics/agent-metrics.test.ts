import assert from 'node:assert/strict';

import { AgentMetrics } from '../../../src/status/metrics/agent-metrics.ts';
import type { Metric } from '../../../src/status/metrics/metric.ts';
import { readExposition } from '../../support/exposition.ts';

/** What dashboards made for a process in Go ask for. */
const OF_PROCESS = [
  'cpu_seconds_total',
  'resident_memory_bytes',
  'virtual_memory_bytes',
  'virtual_memory_max_bytes',
  'open_fds',
  'max_fds',
  'network_receive_bytes_total',
  'network_transmit_bytes_total',
  'start_time_seconds',
];

describe('AgentMetrics', () => {
  it('has the metrics of a process, those of Node in place of those of Go, and all with the prefix', async () => {
    const families = readExposition(await new AgentMetrics(() => []).render());

    for (const name of OF_PROCESS) {
      const { samples = [] } = families.get(`istio_agent_process_${name}`) ?? {};
      assert.equal(samples.length, 1, name);
    }
    assert.ok(families.has('istio_agent_nodejs_heap_size_used_bytes'));
    for (const name of families.keys()) assert.match(name, /^istio_agent_/);
  });

  it('has no empty line, which OpenMetrics does not allow', async () => {
    const own: Metric = { name: 'own', help: 'Own.', type: 'gauge', series: [{ value: 1 }] };
    const text = await new AgentMetrics(() => [own]).render();

    assert.ok(!text.includes('\n\n'));
    assert.ok(text.endsWith('\nistio_agent_own 1\n'));
  });

  it('counts the time of processors from the start of the process on', async () => {
    const before = process.cpuUsage();

    const families = readExposition(await new AgentMetrics(() => []).render());

    const [sample] = families.get('istio_agent_process_cpu_seconds_total')?.samples ?? [];
    assert.ok((sample?.value ?? 0) >= (before.user + before.system) / 1e6);
  });

  it('leaves out what could only be known by waking all the time', async () => {
    const text = await new AgentMetrics(() => []).render();

    assert.doesNotMatch(text, /eventloop_lag_(min|max|mean|stddev|p\d+)/);
  });

  it('takes little time at a time', async () => {
    const metrics = new AgentMetrics(() => []);
    await metrics.render(); // loads what it needs
    const before = process.cpuUsage();

    for (let i = 0; i < 20; i += 1) await metrics.render();

    const { user, system } = process.cpuUsage(before);
    assert.ok((user + system) / 20 < 20_000, `${(user + system) / 20} µs`);
  });
});
