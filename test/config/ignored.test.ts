import assert from 'node:assert/strict';

import { ignoredLine, type IgnoredInput } from '../../src/config/ignored.ts';

describe('ignoredLine', () => {
  it('says nothing when everything counts', () => {
    assert.equal(ignoredLine([]), undefined);
  });

  it('names all of them in one line, kind by kind', () => {
    const line = ignoredLine([
      { kind: 'variable', text: 'Invalid environment variable value `x`' },
      { kind: 'flag', text: '--a' },
      { kind: 'annotation', text: 'status.sidecar.istio.io/port="x" (not a number)' },
      { kind: 'flag', text: '-Z' },
      { kind: 'field', text: 'drainDurations (PROXY_CONFIG)' },
    ]);

    assert.equal(
      line,
      'ignored: unknown flags --a, -Z; unknown ProxyConfig fields drainDurations (PROXY_CONFIG); ' +
        'annotations status.sidecar.istio.io/port="x" (not a number); Invalid environment variable value `x`',
    );
  });

  it('stays readable when there are many, and long ones', () => {
    const many = Array.from({ length: 5000 }, (_, i): IgnoredInput => ({ kind: 'field', text: `f${i}` }));
    const line = ignoredLine([...many, { kind: 'flag', text: 'x'.repeat(100_000) }]) ?? '';

    assert.match(line, /f19, and 4980 more$/);
    assert.ok(line.length < 1000);
  });
});
