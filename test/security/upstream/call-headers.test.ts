import assert from 'node:assert/strict';

import { callMetadata, usableClusterId, usableHeaders } from '../../../src/security/upstream/call-headers.ts';
import { recordingLog } from '../../support/recording-log.ts';

describe('usableHeaders', () => {
  it('keeps what HTTP/2 can carry, in lower case, empty values included', () => {
    const { log, messages } = recordingLog();

    const headers = usableHeaders({ FOO: '=bar', 'x_y.z-1': '' }, log);

    assert.deepEqual(headers, { foo: '=bar', 'x_y.z-1': '' });
    assert.deepEqual(messages('warn'), []);
  });

  it('leaves out the others with one warning each that does not show the value', () => {
    const { log, messages } = recordingLog();

    const headers = usableHeaders(
      {
        'a b': 'secret',
        ümlaut: 'secret',
        '': 'secret',
        ':path': 'secret',
        Authorization: 'secret',
        'grpc-timeout': 'secret',
        'key-bin': 'secret',
        fine: 'secret\n',
      },
      log,
    );

    assert.deepEqual(headers, {});
    assert.equal(messages('warn').length, 8);
    assert.ok(!messages().join().includes('secret'));
  });
});

describe('usableClusterId', () => {
  it('is the given one, or none with one warning when no header can carry it', () => {
    const { log, messages } = recordingLog();

    const ids = ['', 'here', 'hëre'].map((clusterId) => usableClusterId(clusterId, log));

    assert.deepEqual(ids, ['', 'here', '']);
    assert.deepEqual(messages('warn'), [
      'ISTIO_META_CLUSTER_ID is sent as empty: it has characters that are not allowed',
    ]);
  });
});

describe('callMetadata', () => {
  it('has the cluster even when empty, and no authorization without a token', () => {
    assert.deepEqual(callMetadata(undefined, '', { a: 'b' }).getMap(), { clusterid: '', a: 'b' });
  });

  it('carries the token as a bearer', () => {
    assert.deepEqual(callMetadata('t', 'here', {}).getMap(), {
      authorization: 'Bearer t',
      clusterid: 'here',
    });
  });
});
