import { equal } from 'node:assert/strict';

import { activeConnections, NO_STATISTICS } from '../../../src/envoy/admin/connections.ts';

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

  it('skips lines it does not understand', () => {
    equal(activeConnections(cx('a', 'P0(1,2)') + cx('b', -1) + 'x: y: 1\n' + cx('c', 5), []), 5);
  });

  it('tells an empty answer from zero', () => {
    equal(activeConnections('\n', []), NO_STATISTICS);
  });
});
