import assert from 'node:assert/strict';

import { matchesNode } from '../../../src/discovery/generation/node-pattern.ts';

const ID = 'sidecar~10.0.0.1~web-1.shop~shop.svc.cluster.local';

describe('matchesNode', () => {
  it('takes every node without patterns and none with an empty list', () => {
    assert.equal(matchesNode(undefined, ID), true);
    assert.equal(matchesNode([], ID), false);
  });

  for (const pattern of [
    ID,
    '*',
    'sidecar~*',
    '*~shop.svc.cluster.local',
    'sidecar~*~web-*.shop~*',
    '*web*',
  ]) {
    it(`takes ${pattern}`, () => assert.equal(matchesNode(['nothing', pattern], ID), true));
  }

  for (const pattern of [
    '',
    'sidecar',
    'idecar*',
    '*loca',
    'sidecar~*~web-1.shop*~shop.svc*x',
    `${ID}*${ID}`,
  ]) {
    it(`does not take ${JSON.stringify(pattern)}`, () => assert.equal(matchesNode([pattern], ID), false));
  }

  it('does not let the texts around a star overlap', () => {
    assert.equal(matchesNode(['aba*ba'], 'aba'), false);
    assert.equal(matchesNode(['a*a'], 'aa'), true);
  });
});
