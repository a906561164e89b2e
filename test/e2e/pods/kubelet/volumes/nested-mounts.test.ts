import { deepEqual } from 'node:assert/strict';

import { APPLICATION, podOf } from '../support/pod-yaml.ts';
import { nestedMountpoints } from './nested-mounts.ts';

function nested(mounts: Readonly<Record<string, string>>): readonly string[] {
  const volumeMounts = Object.entries(mounts).map(([mountPath, name]) => ({ name, mountPath }));
  return nestedMountpoints('outer', podOf({ containers: [{ ...APPLICATION, volumeMounts }] }));
}

describe('nestedMountpoints', () => {
  it('are the places inside a volume where the same container mounts others', () => {
    deepEqual(nested({ '/run/istio': 'outer', '/run/istio/crl': 'a', '/run/istio/x/y': 'b' }), [
      'crl',
      'x/y',
    ]);
  });

  it('are none for neighbours, and for what lies inside such a place', () => {
    deepEqual(nested({ '/run/istio': 'outer', '/run/istio-crl': 'a', '/run': 'b' }), []);
    deepEqual(nested({ '/a': 'outer', '/a/b': 'one', '/a/b/c': 'two' }), ['b']);
  });
});
