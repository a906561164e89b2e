import assert from 'node:assert/strict';

import { runtimeFlags } from '../../src/bootstrap/runtime-layer.ts';

const PLAIN = { runtimeValues: {}, compliancePolicy: '', stripFragment: true };

describe('runtimeFlags', () => {
  it('are the five defaults', () => {
    assert.equal(Object.keys(runtimeFlags(PLAIN)).length, 5);
  });

  it('lose a default that the user empties', () => {
    const flags = runtimeFlags({ ...PLAIN, runtimeValues: { 're2.max_program_size.error_level': '' } });

    assert.equal('re2.max_program_size.error_level' in flags, false);
  });

  it('take exactly true and false as booleans', () => {
    const flags = runtimeFlags({ ...PLAIN, runtimeValues: { a: 'true', b: 'false', c: 'True', d: '42' } });

    assert.deepEqual([flags['a'], flags['b'], flags['c'], flags['d']], [true, false, 'True', '42']);
  });

  it('turn TLS 1.3 of the Google client off under FIPS 140-2 only', () => {
    const key = 'envoy.reloadable_features.google_grpc_disable_tls_13';

    assert.equal(runtimeFlags({ ...PLAIN, compliancePolicy: 'fips-140-2' })[key], true);
    assert.equal(runtimeFlags({ ...PLAIN, compliancePolicy: 'fips-140-3' })[key], undefined);
  });

  it('keep fragments when told to', () => {
    const key = 'envoy.reloadable_features.http_strip_fragment_from_path_unsafe_if_disabled';

    assert.equal(runtimeFlags({ ...PLAIN, stripFragment: false })[key], 'false');
    assert.equal(runtimeFlags(PLAIN)[key], undefined);
  });
});
