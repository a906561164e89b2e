// Numbers before titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';

import { joined, managedWorld } from './managed.ts';
import { turns, until } from './progress.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('secrets of the CA at a rotation', () => {
  const world = managedWorld();
  const { make } = world;

  it('31: are replaced and written at half of their life, nobody asking', async () => {
    const test = make();
    await test.run();
    const before = await test.workload();
    test.changes.length = 0;

    await world.clock.tick(HOUR_MS / 2 - 1000);
    await turns();
    assert.equal(test.ca.requests, 1);
    await test.rotated(1000);

    const after = await test.workload();
    assert.deepEqual(test.changes, ['default']);
    assert.notEqual(after.privateKeyPem, before.privateKeyPem);
    const [oldest, newest] = [test.written.at(0), test.written.at(-1)];
    assert.deepEqual([oldest?.key, newest?.key], [before.privateKeyPem, after.privateKeyPem]);
    assert.equal(newest?.chain, after.certificateChainPem);
    assert.equal(newest?.anchors, world.first.rootPem.trimEnd());
  });

  it('32: are the old ones to their last second while the CA is down, and new ones soon after it is back', async () => {
    const test = make();
    await test.run();
    const before = await test.workload();
    test.changes.length = 0;
    test.ca.down = 'create certificate: rpc error: code = Unavailable desc = down';

    await world.clock.tick(HOUR_MS - 1000);
    await turns();
    assert.deepEqual(await test.workload(), before);
    assert.deepEqual(test.changes, []);
    await world.clock.tick(1000);
    await assert.rejects(test.workload(), /desc = down/);
    test.ca.down = undefined;
    await test.rotated(MINUTE_MS);

    assert.deepEqual(test.changes, ['default']);
    assert.notDeepEqual(await test.workload(), before);
  });

  it('32: are pushed within one wait when the CA is back before the end', async () => {
    const test = make();
    await test.run();
    test.ca.down = 'create certificate: down';
    await world.clock.tick(HOUR_MS / 2 + 10 * MINUTE_MS);
    await until(() => test.manager.facts().lastError !== undefined);

    test.ca.down = undefined;
    await test.rotated(6 * MINUTE_MS);

    assert.equal(test.manager.facts().lastError, undefined);
  });

  it('bring a new root first, and keep the old one for as long as its leaf lived', async () => {
    const test = make();
    await test.run();
    await test.workload();
    test.changes.length = 0;
    test.ca.authority = world.second;

    await test.rotated(HOUR_MS / 2);
    assert.deepEqual(test.changes, ['ROOTCA', 'default']);
    assert.equal(await test.anchors(), joined(world.first, world.second));
    assert.ok(test.recorded.messages().includes('Root cert has changed, start rotating root cert'));
    test.ca.lifetimeMs = 2 * HOUR_MS;
    test.changes.length = 0;
    await test.rotated(HOUR_MS / 2);
    await world.clock.tick(MINUTE_MS);

    assert.ok(test.changes.includes('ROOTCA'), 'who has the old root is told that it goes');
    assert.equal(await test.anchors(), joined(world.second));
    assert.equal(test.written.at(-1)?.anchors, joined(world.second));
  });

  it('tell of a new root although nobody has asked for a secret', async () => {
    const test = make();
    await test.run();
    test.ca.authority = world.second;

    await test.rotated(HOUR_MS / 2);

    assert.deepEqual(test.changes, ['ROOTCA', 'default']);
    assert.ok(test.recorded.messages('info').includes('Root cert has changed, start rotating root cert'));
  });

  it('by hand start a new life', async () => {
    const test = make();
    await test.run();
    test.ca.lifetimeMs = HOUR_MS / 6;

    await Promise.all([test.manager.rotateNow(), test.manager.rotateNow()]);
    assert.equal(test.ca.requests, 2, 'the second trigger joins the first');
    await test.rotated(HOUR_MS / 12);

    assert.equal(test.ca.requests, 3);
  });
});
