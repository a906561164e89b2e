import { deepEqual, equal } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { activeConnections, activeRequests, NO_STATISTICS } from '../../../src/envoy/admin/connections.ts';

const cx = (listener: string, value: number | string): string =>
  `listener.${listener}.downstream_cx_active: ${value}\n`;

describe('activeConnections', () => {
  it('sums the listeners that carry traffic', () => {
    equal(activeConnections(cx('0.0.0.0_15006', 3) + cx('0.0.0.0_15001', 4), []), 7);
  });

  it('leaves out workers, internal listeners, the admin port and what is no listener', () => {
    const body =
      cx('0.0.0.0_15006.worker_0', 1) +
      cx('envoy_internal_x', 1) +
      cx('admin', 1) +
      cx('admin.main_thread', 1) +
      'http.a.downstream_cx_active: 1\n';

    equal(activeConnections(body, []), 0);
  });

  it('leaves out probes and scrapes, on IPv4 and IPv6', () => {
    const body = cx('0.0.0.0_15021', 1) + cx('[__]_15021', 1) + cx('0.0.0.0_15020', 2) + cx('0.0.0.0_0', 4);

    equal(activeConnections(body, [15021, 0]), 6);
  });

  it('skips lines it does not understand, and tells of each', () => {
    const skipped: string[] = [];
    const bad = [cx('a', 'P0(1,2)'), cx('b', -1), 'x: y: 1\n', 'no value\n'];

    const count = activeConnections([...bad, cx('c', 5)].join(''), [], (line) => skipped.push(line));

    equal(count, 5);
    deepEqual(
      skipped,
      bad.map((line) => line.trim()),
    );
  });

  it('tells of no line that does not count', () => {
    const skipped: string[] = [];

    activeConnections(cx('envoy_internal_x', 'y') + 'http.a.downstream_cx_active: z\n', [], (line) =>
      skipped.push(line),
    );

    deepEqual(skipped, []);
  });

  it('tells an empty answer from zero', () => {
    equal(activeConnections('\n', []), NO_STATISTICS);
  });
});

describe('activeRequests', () => {
  const rq = (prefix: string, value: number | string): string =>
    `http.${prefix}.downstream_rq_active: ${value}\n`;

  it('sums both directions', () => {
    equal(activeRequests(rq('inbound_0.0.0.0_8080;', 2) + rq('outbound_0.0.0.0_80;', 3)), 5);
  });

  it('leaves out the admin port, and what is no request of a connection manager', () => {
    const body = rq('admin', 1) + 'listener.0.0.0.0_15006.downstream_rq_active: 4\n';

    equal(activeRequests(body), 0);
  });

  it('leaves out every listener of the bootstrap: probes and scrapes', async () => {
    const template = new URL('../../../bootstrap-templates/envoy-bootstrap.json', import.meta.url);
    const text = await readFile(template, 'utf8');
    const prefixes = [...text.matchAll(/"stat_prefix": "([a-z_]+)"/g)].map(([, prefix]) => prefix ?? '');

    deepEqual(prefixes, ['stats', 'secure_stats', 'secure_merged_stats', 'agent']);
    equal(activeRequests(prefixes.map((prefix) => rq(prefix, 1)).join('')), 0);
  });

  it('skips lines it does not understand, and tells of each', () => {
    const skipped: string[] = [];

    equal(
      activeRequests(rq('a', 'x') + rq('b', 1), (line) => skipped.push(line)),
      1,
    );
    deepEqual(skipped, [rq('a', 'x').trim()]);
  });

  it('tells an empty answer from zero', () => {
    equal(activeRequests(''), NO_STATISTICS);
  });
});
