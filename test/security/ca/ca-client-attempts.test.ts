// Numbers in titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';

import { makeAuthority, type Authority } from '../authority.ts';
import { RpcFailure, startCaServer, type Answer } from '../ca-server.ts';
import { turns, until } from '../progress.ts';
import { CaWorld } from './ca-world.ts';

const signal = new AbortController().signal;

describe('the attempts of a CaClient', () => {
  let world: CaWorld;
  let authority: Authority;
  before(async () => {
    authority = await makeAuthority();
  });
  beforeEach(async () => {
    world = await CaWorld.lay(authority);
  });
  afterEach(() => world.remove());

  it('9: tries an unavailable CA five times, waiting longer each time', async () => {
    const refuse: Answer = () => {
      throw new RpcFailure('UNAVAILABLE', 'test failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const { client, meter } = world.makeClient(server.port);
    meter.skipsWaits = false;

    const signing = client.signCsr('x', 1, signal);
    signing.catch(() => undefined);
    for (const [i, waitMs] of [100, 200, 400, 800].entries()) {
      await until(() => meter.retries === i + 1);
      await world.clock.tick(waitMs - 1);
      await turns();
      assert.equal(server.calls.length, i + 1);
      await world.clock.tick(1);
      await until(() => server.calls.length === i + 2);
    }

    await assert.rejects(signing, {
      message: 'create certificate: rpc error: code = Unavailable desc = test failure',
      retryable: true,
    });
    assert.equal(server.calls.length, 5);
    assert.equal(world.clock.sleepers, 0);
  });

  it('succeeds when the CA answers at the third attempt', async () => {
    const answer: Answer = (_call, count) => {
      if (count < 3) throw new RpcFailure('INTERNAL', 'CSR signing error (Istio CA is not ready)');
      return ['leaf', 'root'];
    };
    await using server = await startCaServer({ authority, answer });
    const { client } = world.makeClient(server.port);

    assert.deepEqual(await client.signCsr('x', 1, signal), ['leaf', 'root']);
  });

  for (const [random, waitsMs] of [
    [0, [90, 180, 360, 720]],
    [0.999_999, [110, 220, 440, 880]],
  ] as const) {
    it(`9: waits ${waitsMs.join(', ')} ms when chance is ${random}`, async () => {
      const refuse: Answer = () => {
        throw new RpcFailure('RESOURCE_EXHAUSTED', 'test failure');
      };
      await using server = await startCaServer({ authority, answer: refuse });
      const { client, logged } = world.makeClient(server.port, {}, {}, random);

      await assert.rejects(client.signCsr('x', 1, signal));

      assert.deepEqual(
        [...logged('warn'), ...logged('debug')].filter((text) => text.startsWith('ca request failed')),
        waitsMs.map((ms, i) => `ca request failed, starting attempt ${i + 1} in ${ms}ms`),
      );
    });
  }

  for (const code of ['CANCELLED', 'DEADLINE_EXCEEDED', 'ABORTED', 'INTERNAL'] as const) {
    it(`tries again after ${code}`, async () => {
      const answer: Answer = (_call, count) => {
        if (count < 2) throw new RpcFailure(code, 'test failure');
        return ['leaf', 'root'];
      };
      await using server = await startCaServer({ authority, answer });

      assert.deepEqual(await world.makeClient(server.port).client.signCsr('x', 1, signal), ['leaf', 'root']);
    });
  }

  it('8: tries once when the error is not one that passes', async () => {
    const refuse: Answer = () => {
      throw new RpcFailure('UNKNOWN', 'test failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const { client } = world.makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal), {
      message: 'create certificate: rpc error: code = Unknown desc = test failure',
      retryable: false,
    });

    assert.equal(server.calls.length, 1);
  });

  it('18: gives up an attempt that gets no answer, and the whole call at its own limit', async () => {
    await using server = await startCaServer({ authority, answer: () => new Promise(() => undefined) });
    const { client } = world.makeClient(server.port, {}, { attemptTimeoutMs: 10_000, callTimeoutMs: 25_000 });

    const signing = client.signCsr('x', 1, signal);
    signing.catch(() => undefined);
    for (let attempt = 1; attempt <= 3; attempt++) {
      await until(() => server.calls.length === attempt);
      await world.clock.tick(attempt < 3 ? 10_000 : 5000);
      await world.clock.tick(500);
    }

    await assert.rejects(signing, /code = DeadlineExceeded desc = no answer within 25s$/);
    assert.equal(world.clock.sleepers, 0);
  });

  it('ends at once, with the reason of the signal, when it is aborted', async () => {
    await using server = await startCaServer({ authority, answer: () => new Promise(() => undefined) });
    const { client } = world.makeClient(server.port);
    const stop = new AbortController();

    const signing = client.signCsr('x', 1, stop.signal);
    signing.catch(() => undefined);
    await until(() => server.calls.length === 1);
    stop.abort(new Error('enough'));

    await assert.rejects(signing, { message: 'enough' });
    assert.equal(world.clock.sleepers, 0);
  });
});
