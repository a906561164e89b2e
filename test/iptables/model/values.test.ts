import assert from 'node:assert/strict';

import {
  holdsAddress,
  holdsMark,
  holdsName,
  holdsNumber,
  mark,
  network,
  numberRange,
} from '../../../iptables/model/values.ts';

describe('network', () => {
  for (const [text, spelled] of [
    ['10.1.2.3', '10.1.2.3/32'],
    ['10.1.2.3/12', '10.0.0.0/12'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['::6', '::6/128'],
    ['fd00:1:2:3::9/50', 'fd00:1:2::/50'],
    ['::ffff:10.1.2.3/112', '::ffff:10.1.0.0/112'],
    ['FE80::1/10', 'fe80::/10'],
    ['name.example', 'name.example'],
  ] as const) {
    it(`spells ${text} as ${spelled}`, () => assert.equal(network(text), spelled));
  }
});

describe('holdsAddress', () => {
  it('holds what is inside, of its own family only', () => {
    assert.ok(holdsAddress('10.0.0.0/8', '10.255.0.1'));
    assert.ok(!holdsAddress('10.0.0.0/8', '11.0.0.1'));
    assert.ok(holdsAddress('fd00::/16', 'fd00:9::1'));
    assert.ok(!holdsAddress('::/0', '10.0.0.1'));
  });
});

describe('numbers and names', () => {
  it('are ranges, inclusive at both ends', () => {
    assert.equal(numberRange('5:9'), '5-9');
    assert.equal(numberRange('5-5'), '5');
    assert.deepEqual(
      [4, 5, 9, 10].map((port) => holdsNumber('5-9', port)),
      [false, true, true, false],
    );
  });

  it('compare marks under their mask', () => {
    assert.equal(mark('1337'), '0x539/0xffffffff');
    assert.ok(holdsMark('0x539/0xfff', 0xf539));
    assert.ok(holdsMark('0x80000000/0xffffffff', 0x80_00_00_00));
    assert.ok(!holdsMark('0x539/0xffffffff', 0xf539));
  });

  it('let a + end a name', () => {
    assert.ok(holdsName('eth+', 'eth7'));
    assert.ok(!holdsName('eth', 'eth7'));
  });
});
