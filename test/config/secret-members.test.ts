import { deepEqual } from 'node:assert/strict';

import { maskSecrets } from '../../src/config/secret-members.ts';

describe('maskSecrets', () => {
  it('hides what stands under secret names, of whatever kind', () => {
    const value = { tracing: { accessToken: 'tok', address: 'a:1' }, secret: { a: ['x'] }, password: '' };

    deepEqual(maskSecrets(value), {
      tracing: { accessToken: '***', address: 'a:1' },
      secret: '***',
      password: '',
    });
  });

  it('hides the value of a header with such a name', () => {
    const headers = [
      { name: 'Authorization', value: 'Bearer x' },
      { key: 'x-token', value: 'y' },
      { name: 'Accept', value: 'z' },
    ];

    deepEqual(maskSecrets({ headers }), {
      headers: [
        { name: 'Authorization', value: '***' },
        { key: 'x-token', value: '***' },
        { name: 'Accept', value: 'z' },
      ],
    });
  });

  it('hides a secret wherever it occurs again, and known ones too', () => {
    const value = { accessToken: 'long-token-1', note: 'was long-token-1 and given-secret', short: 'a' };

    deepEqual(maskSecrets(value, ['given-secret', 'a']), {
      accessToken: '***',
      note: 'was *** and ***',
      short: 'a',
    });
  });

  it('hides secrets in texts that hold YAML', () => {
    deepEqual(maskSecrets({ ANNOTATIONS: { 'proxy.istio.io/config': 'accessToken: abc\n' } }), {
      ANNOTATIONS: { 'proxy.istio.io/config': 'accessToken: ***\n' },
    });
  });

  it('changes nothing without secrets', () => {
    const value = { a: [1, true, null, 'text'], b: { c: 'd' } };

    deepEqual(maskSecrets(value), value);
  });
});
