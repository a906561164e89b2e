import assert from 'node:assert/strict';

import { forwardedCertificate } from '../../../examples/demo/facts.ts';

describe('forwardedCertificate', () => {
  it('reads the last hop', () => {
    const header =
      'By=spiffe://a;Hash=1;URI=spiffe://b,By=spiffe://c;Hash=2;Subject="O=x";URI=spiffe://d;DNS=e.example';

    const last = forwardedCertificate(header);

    assert.deepEqual(Object.fromEntries(last), {
      By: 'spiffe://c',
      Hash: '2',
      Subject: 'O=x',
      URI: 'spiffe://d',
      DNS: 'e.example',
    });
  });
});
