import assert from 'node:assert/strict';

import { pilotSubjectAltNames } from '../../src/node/pilot-san.ts';

function names(discoveryAddress: string, controlPlaneAuthPolicy = 'MUTUAL_TLS'): string[] {
  return pilotSubjectAltNames({ discoveryAddress, controlPlaneAuthPolicy });
}

describe('pilotSubjectAltNames', () => {
  it('is the discovery host', () => {
    assert.deepEqual(names('istiod.mesh.svc:15012'), ['istiod.mesh.svc']);
  });

  it('is the service behind a port-forward', () => {
    assert.deepEqual(names('localhost:15012'), ['istiod.istio-system.svc']);
  });

  it('reads an IPv6 address as a whole', () => {
    assert.deepEqual(names('[fd00::1]:15012'), ['fd00::1']);
  });

  it('is empty without TLS', () => {
    assert.deepEqual(names('istiod.mesh.svc:15010', 'NONE'), []);
  });
});
