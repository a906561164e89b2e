// Numbers in titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { makeAuthority, type Authority } from '../authority.ts';
import { RpcFailure, startCaServer, type Answer } from '../ca-server.ts';
import { until } from '../progress.ts';
import { CaWorld } from './ca-world.ts';

const signal = new AbortController().signal;
const chain: Answer = () => ['leaf', 'root'];

describe('CaClient', () => {
  let world: CaWorld;
  let authority: Authority;
  before(async () => {
    authority = await makeAuthority();
  });
  beforeEach(async () => {
    world = await CaWorld.lay(authority);
  });
  afterEach(() => world.remove());

  it('6: sends request, token, cluster and own headers, and gives back the list it got', async () => {
    await using server = await startCaServer({ authority, answer: () => ['foo', 'bar'] });
    const { client } = world.makeClient(server.port);

    const answer = await client.signCsr('the csr', 86_400, signal);

    assert.deepEqual(answer, ['foo', 'bar']);
    const [call] = server.calls;
    assert.equal(call?.request.csr, 'the csr');
    assert.equal(call.request.validityDuration, 86_400);
    assert.deepEqual(call.request.metadata, { fields: { CertSigner: { stringValue: 'signer' } } });
    assert.equal(call.headers.get('authorization'), 'Bearer first-token');
    assert.equal(call.headers.get('clusterid'), 'here');
    assert.equal(call.headers.get('x-extra'), 'more');
  });

  it('17: writes the bytes of the reference, an empty signer included', async () => {
    await using server = await startCaServer({ authority, answer: chain });
    const { client } = world.makeClient(server.port, {}, { certSigner: '' });

    await client.signCsr('x', 86_400, signal);

    // 1: "x", 3: 86400, 4: { 1: { 1: "CertSigner", 2: { 3: "" } } }
    const signer = Buffer.from('CertSigner').toString('hex');
    assert.equal(server.calls[0]?.bytes.toString('hex'), `0a01781880a30522120a100a0a${signer}12021a00`);
  });

  it('10: reads the token at every call', async () => {
    await using server = await startCaServer({ authority, answer: chain });
    const { client } = world.makeClient(server.port);

    await client.signCsr('x', 1, signal);
    await writeFile(join(world.path, 'token'), 'second-token');
    await client.signCsr('x', 1, signal);

    const sent = server.calls.map(({ headers }) => headers.get('authorization'));
    assert.deepEqual(sent, ['Bearer first-token', 'Bearer second-token']);
  });

  it('10, 11: calls without a token when there is none, and does not repeat a refusal', async () => {
    await rm(join(world.path, 'token'));
    const refuse: Answer = () => {
      throw new RpcFailure('UNAUTHENTICATED', 'request authenticate failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const { client, logged } = world.makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal), {
      message: 'create certificate: rpc error: code = Unauthenticated desc = request authenticate failure',
      retryable: false,
    });

    assert.equal(server.calls.length, 1);
    assert.equal(server.calls[0]?.headers.get('authorization'), undefined);
    assert.match(logged('warn').join('\n'), /failed to fetch token from file: ENOENT/);
  });

  for (const answer of [[], ['alone']]) {
    it(`7: refuses an answer of ${answer.length} elements`, async () => {
      await using server = await startCaServer({ authority, answer: () => answer });
      const { client, logged } = world.makeClient(server.port);

      await assert.rejects(client.signCsr('x', 1, signal), { message: 'invalid empty CertChain' });

      assert.equal(server.calls.length, 1);
      assert.deepEqual(logged('warn'), ['failed to sign CSR: invalid empty CertChain']);
    });
  }

  it('11: passes on the words of a CA that checks the token', async () => {
    const checking: Answer = ({ headers }) => {
      const shown = headers.get('authorization');
      if (shown === undefined) throw new RpcFailure('UNAUTHENTICATED', 'no HTTP authorization header exists');
      throw new RpcFailure('PERMISSION_DENIED', `not the right token`);
    };
    await using server = await startCaServer({ authority, answer: checking });
    const { client } = world.makeClient(server.port);

    await assert.rejects(
      client.signCsr('x', 1, signal),
      /code = PermissionDenied desc = not the right token$/,
    );
    await writeFile(join(world.path, 'token'), '');

    await assert.rejects(
      client.signCsr('x', 1, signal),
      /code = Unauthenticated desc = no HTTP authorization header exists$/,
    );
    assert.equal(server.calls.length, 2);
  });

  it('says a class of cause once, until a call succeeds or the cause is another', async () => {
    const texts = ['refused by one', 'refused by another', 'broken'];
    const answer: Answer = (_call, count) => {
      const text = texts[count - 1];
      if (text === undefined) return ['leaf', 'root'];
      throw new RpcFailure('UNKNOWN', text === 'broken' ? text : `connect ECONNREFUSED ${text}`);
    };
    await using server = await startCaServer({ authority, answer });
    const { client, logged } = world.makeClient(server.port);

    for (const _ of texts) await assert.rejects(client.signCsr('x', 1, signal));
    await client.signCsr('x', 1, signal);

    const begin = 'failed to sign CSR: create certificate: rpc error: code = Unknown desc =';
    const hint = '(nothing listens at the address)';
    assert.deepEqual(logged('warn'), [
      `${begin} connect ECONNREFUSED refused by one ${hint}`,
      `${begin} broken`,
    ]);
    assert.deepEqual(logged('debug'), [`${begin} connect ECONNREFUSED refused by another ${hint}`]);
    assert.deepEqual(logged('info'), Array(2).fill('recreated connection'));
  });

  it('says which credentials were refused, and that the token has expired', async () => {
    const refuse: Answer = () => {
      throw new RpcFailure('UNAUTHENTICATED', 'request authenticate failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const payload = Buffer.from(JSON.stringify({ exp: 1, aud: ['istio-ca'] })).toString('base64url');
    await writeFile(join(world.path, 'token'), `header.${payload}.signature`);
    const { client, logged } = world.makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal), /desc = request authenticate failure$/);

    const [expiry, refusal] = logged('warn');
    assert.match(expiry ?? '', /has expired: exp 1970-01-01T00:00:01\.000Z, aud \["istio-ca"\]$/);
    assert.match(refusal ?? '', /^failed to sign CSR: .*failure \(shown was an expired token\)$/);
  });

  it('ends what is under way when it is closed, and answers no more', async () => {
    await using server = await startCaServer({ authority, answer: () => new Promise(() => undefined) });
    const { client } = world.makeClient(server.port);

    const signing = client.signCsr('x', 1, signal);
    signing.catch(() => undefined);
    await until(() => server.calls.length === 1);
    await client.close();
    await client.close();

    await assert.rejects(signing, { message: 'the CA client is closed' });
    await assert.rejects(client.signCsr('x', 1, signal), { message: 'the CA client is closed' });
    assert.equal(world.clock.sleepers, 0);
  });

  it('shows no token in anything it logs or throws', async () => {
    const refuse: Answer = () => {
      throw new RpcFailure('UNAVAILABLE', 'test failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const { client, logged } = world.makeClient(server.port);

    const failure = await client.signCsr('x', 1, signal).catch((error: unknown) => error);

    const said = logged().join('\n') + String(failure);
    assert.ok(said.includes('test failure') && !said.includes('first-token'));
  });
});
