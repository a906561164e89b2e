import { equal } from 'node:assert/strict';

import { bootstrapOverride } from '../../src/envoy/bootstrap-override.ts';

const FILE = 'z: "$(HOST_IP):8126"\na: ["[$(HOST_IP)]:8126"]\nc: {y: 1, x: 2}\n';

describe('bootstrapOverride', () => {
  it('gives JSON with sorted keys and the address of the host', () => {
    equal(
      bootstrapOverride(FILE, '10.0.0.1'),
      '{"a":["[10.0.0.1]:8126"],"c":{"x":2,"y":1},"z":"10.0.0.1:8126"}',
    );
  });

  it('brackets an IPv6 address once', () => {
    equal(
      bootstrapOverride(FILE, 'fd00::1'),
      '{"a":["[fd00::1]:8126"],"c":{"x":2,"y":1},"z":"[fd00::1]:8126"}',
    );
  });
});
