import assert from 'node:assert/strict';

import {
  EnvoyStatsError,
  notServingReason,
  SERVING_PATH,
  updateVerdict,
} from '../../../src/status/readiness/envoy-stats.ts';

const ONE_EACH = 'cluster_manager.cds.update_success: 1\nlistener_manager.lds.update_success: 1\n';

function textOf(page: string): string {
  const verdict = updateVerdict(page);
  return verdict.kind === 'missing' ? verdict.text : 'received';
}

describe('updateVerdict', () => {
  it('passes when clusters and listeners were taken once, rejections or not', () => {
    const page = `${ONE_EACH}cluster_manager.cds.update_rejected: 4\n`;

    assert.deepEqual(updateVerdict(page), { kind: 'received' });
  });

  it('says that nothing came when nothing came', () => {
    assert.equal(
      textOf(''),
      'config not received from XDS server (is Istiod running?): ' +
        'cds updates: 0 successful, 0 rejected; lds updates: 0 successful, 0 rejected',
    );
  });

  it('says that one half is missing', () => {
    assert.equal(
      textOf('listener_manager.lds.update_success: 2'),
      'config not fully received from XDS server: ' +
        'cds updates: 0 successful, 0 rejected; lds updates: 2 successful, 0 rejected',
    );
  });

  it('says that an update was rejected while one half is missing', () => {
    const page = 'cluster_manager.cds.update_success: 3\nlistener_manager.lds.update_rejected: 2';

    assert.deepEqual(updateVerdict(page), {
      kind: 'missing',
      rejected: true,
      text:
        'config received from XDS server, but was rejected: ' +
        'cds updates: 3 successful, 0 rejected; lds updates: 0 successful, 2 rejected',
    });
  });

  it('says that nothing came where nothing was taken, and remembers that updates were rejected', () => {
    assert.deepEqual(updateVerdict('listener_manager.lds.update_rejected: 1'), {
      kind: 'missing',
      rejected: true,
      text:
        'config not received from XDS server (is Istiod running?): ' +
        'cds updates: 0 successful, 0 rejected; lds updates: 0 successful, 1 rejected',
    });
  });

  it('names every line it cannot read', () => {
    const page = 'cluster_manager.cds.update_success 1\nlistener_manager.lds.update_success: -1';

    assert.throws(() => updateVerdict(page), {
      constructor: EnvoyStatsError,
      message:
        'envoy stat cluster_manager.cds.update_success missing separator. ' +
        'line:cluster_manager.cds.update_success 1; ' +
        'failed parsing Envoy stat listener_manager.lds.update_success ' +
        '(error: "-1" is not an unsigned integer) line: listener_manager.lds.update_success: -1',
    });
  });
});

describe('notServingReason', () => {
  it('is undefined for a live Envoy with workers', () => {
    assert.equal(notServingReason('listener_manager.workers_started: 1\nserver.state: 0\n'), undefined);
  });

  it('waits for workers', () => {
    const page = 'listener_manager.workers_started: 0\nserver.state: 0\n';

    assert.equal(notServingReason(page), 'workers have not yet started');
  });

  for (const [number, name] of [
    'LIVE',
    'DRAINING',
    'PRE_INITIALIZING',
    'INITIALIZING',
    'UNKNOWN',
  ].entries()) {
    if (number === 0) continue;
    it(`names state ${number} ${name}`, () => {
      const page = `listener_manager.workers_started: 1\nserver.state: ${number}\n`;

      assert.equal(notServingReason(page), `server is not live, current state is: ${name}`);
    });
  }

  it('shows the page on which a statistic is absent', () => {
    assert.equal(
      notServingReason('server.state: 2\n'),
      'failed to get readiness stats: listener_manager.workers_started is not yet updated: server.state: 2\n',
    );
    assert.match(notServingReason('') ?? '', /^failed to get readiness stats: server\.state is not yet/);
  });
});

describe('SERVING_PATH', () => {
  it('carries the filter so that it survives the URL', () => {
    const query = new URLSearchParams(SERVING_PATH.split('?')[1]);

    assert.equal(query.get('filter'), '^(server\\.state|listener_manager\\.workers_started)');
    assert.equal(query.get('usedonly'), '');
  });
});
