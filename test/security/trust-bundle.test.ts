// Numbers before titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';

import { mergeAnchors, TrustBundle } from '../../src/security/trust-bundle.ts';
import { FakeClock } from '../support/fake-clock.ts';

const block = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;
const [A, B, C, D] = [block('AAAA'), block('BBBB'), block('CCCC'), block('DDDD')];

describe('mergeAnchors', () => {
  it('26: sorts the blocks of all parts, each once, without a newline at the end', () => {
    assert.equal(mergeAnchors([`${B}\n${A}\n`, `\n${B}`, '']), `${A}\n${B}`);
  });

  it('takes a block with other line ends for the same', () => {
    assert.equal(mergeAnchors([A, A.replaceAll('\n', '\r\n')]), A);
  });
});

describe('TrustBundle', () => {
  let clock: FakeClock;
  let bundle: TrustBundle;

  beforeEach(() => {
    clock = new FakeClock();
    bundle = new TrustBundle(clock);
  });

  it('puts retired roots and anchors from elsewhere around the root, and only the latter around a file', () => {
    bundle.retire(C, clock.now() + 1000);
    bundle.setExtra([D, B]);

    assert.equal(bundle.around(A), [A, B, C, D].join('\n'));
    assert.equal(bundle.aroundFile(A), [A, B, D].join('\n'));
  });

  it('tells whether the anchors from elsewhere are others', () => {
    assert.equal(bundle.setExtra([]), false);
    assert.equal(bundle.setExtra([`${B}\n${A}`]), true);
    assert.equal(bundle.setExtra([A, B, B]), false);
    assert.equal(bundle.setExtra([]), true);
    assert.equal(bundle.around(C), C);
  });

  it('trusts a retired root to the end of its time, and forgets it then, once', async () => {
    bundle.retire(B, clock.now() + 1000);

    await clock.tick(999);
    assert.equal(bundle.forget(), false);
    assert.equal(bundle.around(A), `${A}\n${B}`);
    await clock.tick(1);

    assert.equal(bundle.around(A), A);
    assert.equal(bundle.forget(), true);
    assert.equal(bundle.forget(), false);
  });

  it('counts the time of a root that was retired again from the last time', async () => {
    bundle.retire(B, clock.now() + 1000);
    bundle.retire(B, clock.now() + 2000);

    await clock.tick(1500);

    assert.equal(bundle.around(A), `${A}\n${B}`);
  });

  it('keeps the newest eight of a CA that changes its root all the time', () => {
    const roots = Array.from({ length: 10_000 }, (_, i) => block(String(i).padStart(8, 'A')));

    for (const root of roots) bundle.retire(root, clock.now() + 1000);

    assert.equal(bundle.around(''), mergeAnchors(roots.slice(-8)));
  });
});
