import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { loadMessages } from '../../../src/proto/messages.ts';
import { CaClient, type CaClientSettings } from '../../../src/security/ca/ca-client.ts';
import { CaError } from '../../../src/security/ca/ca-faults.ts';
import { FileToken } from '../../../src/security/upstream/file-token.ts';
import { UpstreamDialer, type TlsSettings } from '../../../src/security/upstream/dialer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentMeter } from '../../support/silent-meter.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { issuePair, makeAuthority, type Authority } from '../authority.ts';
import { RpcFailure, startCaServer, type Answer } from '../ca-server.ts';
import { turns, until } from '../progress.ts';

const signal = new AbortController().signal;
const chain: Answer = () => ['leaf', 'root'];

describe('CaClient', () => {
  let directory: TemporaryDirectory;
  let authority: Authority;
  let clock: FakeClock;

  before(async () => {
    authority = await makeAuthority();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock(Date.now());
    await writeFile(join(directory.path, 'root.pem'), authority.rootPem);
    await writeFile(join(directory.path, 'token'), 'first-token\n');
  });

  afterEach(() => directory.remove());

  function makeClient(
    port: number,
    tls: Partial<TlsSettings> | 'plaintext' = {},
    settings?: Partial<CaClientSettings>,
  ) {
    const { log, messages } = recordingLog();
    const token = new FileToken({ path: join(directory.path, 'token'), clock, log });
    const root = { kind: 'file', path: join(directory.path, 'root.pem'), name: 'the/root.pem' } as const;
    const secure = {
      root,
      serverName: 'ca.example',
      clientCertificate: undefined,
      compliancePolicy: '',
      ...(tls === 'plaintext' ? {} : tls),
    };
    const dialer = new UpstreamDialer(
      {
        address: `127.0.0.1:${port}`,
        tls: tls === 'plaintext' ? undefined : secure,
        clusterId: 'here',
        headers: { 'X-Extra': 'more' },
        keepaliveMs: 30_000,
        keepaliveTimeoutMs: 10_000,
      },
      { token, clock, log },
    );
    const meter = {
      ...silentMeter(),
      retries: 0,
      /** Ends the wait before the next attempt, as soon as it has begun. */
      skipsWaits: true,
      retried(): void {
        meter.retries++;
        if (meter.skipsWaits) setImmediate(() => void clock.tick(1000));
      },
    };
    const client = new CaClient(
      { certSigner: 'signer', ...settings },
      { dialer, messages: async () => loadMessages(), clock, random: () => 0.5, log, meter },
    );
    return { client, meter, logged: messages };
  }

  it('sends request, token, cluster and own headers, and gives back the list it got', async () => {
    await using server = await startCaServer({ authority, answer: () => ['foo', 'bar'] });
    const { client } = makeClient(server.port);

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

  it('writes an empty signer too, as the reference does', async () => {
    await using server = await startCaServer({ authority, answer: chain });
    const { client } = makeClient(server.port, {}, { certSigner: '' });

    await client.signCsr('x', 1, signal);

    // 1: "x", 3: 1, 4: { 1: { 1: "CertSigner", 2: { 3: "" } } }
    const signer = Buffer.from('CertSigner').toString('hex');
    assert.equal(server.calls[0]?.bytes.toString('hex'), `0a0178180122120a100a0a${signer}12021a00`);
  });

  it('reads the token at every call', async () => {
    await using server = await startCaServer({ authority, answer: chain });
    const { client } = makeClient(server.port);

    await client.signCsr('x', 1, signal);
    await writeFile(join(directory.path, 'token'), 'second-token');
    await client.signCsr('x', 1, signal);

    const sent = server.calls.map(({ headers }) => headers.get('authorization'));
    assert.deepEqual(sent, ['Bearer first-token', 'Bearer second-token']);
  });

  it('calls without a token when there is none, and does not repeat a refusal', async () => {
    await directory.remove();
    const root = await temporaryDirectory();
    await writeFile(join(root.path, 'root.pem'), authority.rootPem);
    directory = root;
    const refuse: Answer = () => {
      throw new RpcFailure('UNAUTHENTICATED', 'request authenticate failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const { client, logged } = makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal), {
      message: 'create certificate: rpc error: code = Unauthenticated desc = request authenticate failure',
      retryable: false,
    });

    assert.equal(server.calls.length, 1);
    assert.equal(server.calls[0]?.headers.get('authorization'), undefined);
    assert.match(logged('warn').join('\n'), /failed to fetch token from file: ENOENT/);
  });

  it('tries an unavailable CA five times, waiting longer each time', async () => {
    const refuse: Answer = () => {
      throw new RpcFailure('UNAVAILABLE', 'test failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const { client, meter } = makeClient(server.port);
    meter.skipsWaits = false;

    const signing = client.signCsr('x', 1, signal);
    signing.catch(() => undefined);
    for (const [i, waitMs] of [100, 200, 400, 800].entries()) {
      await until(() => meter.retries === i + 1);
      await clock.tick(waitMs - 1);
      await turns();
      assert.equal(server.calls.length, i + 1);
      await clock.tick(1);
      await until(() => server.calls.length === i + 2);
    }

    await assert.rejects(signing, {
      message: 'create certificate: rpc error: code = Unavailable desc = test failure',
      retryable: true,
    });
    assert.equal(server.calls.length, 5);
    assert.equal(clock.sleepers, 0);
  });

  it('succeeds when the CA answers at the third attempt', async () => {
    const answer: Answer = (_call, count) => {
      if (count < 3) throw new RpcFailure('INTERNAL', 'CSR signing error (Istio CA is not ready)');
      return ['leaf', 'root'];
    };
    await using server = await startCaServer({ authority, answer });
    const { client } = makeClient(server.port);

    assert.deepEqual(await client.signCsr('x', 1, signal), ['leaf', 'root']);
  });

  it('tries once when the error is not one that passes', async () => {
    const refuse: Answer = () => {
      throw new RpcFailure('UNKNOWN', 'test failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const { client } = makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal), /code = Unknown desc = test failure$/);

    assert.equal(server.calls.length, 1);
  });

  it('gives up an attempt that gets no answer, and the whole call at its own limit', async () => {
    await using server = await startCaServer({ authority, answer: () => new Promise(() => undefined) });
    const { client } = makeClient(server.port, {}, { attemptTimeoutMs: 10_000, callTimeoutMs: 25_000 });

    const signing = client.signCsr('x', 1, signal);
    signing.catch(() => undefined);
    for (let attempt = 1; attempt <= 3; attempt++) {
      await until(() => server.calls.length === attempt);
      await clock.tick(attempt < 3 ? 10_000 : 5000);
      await clock.tick(500);
    }

    await assert.rejects(signing, /code = DeadlineExceeded desc = no answer within 25s$/);
    assert.equal(clock.sleepers, 0);
  });

  it('ends at once, with the reason of the signal, when it is aborted', async () => {
    await using server = await startCaServer({ authority, answer: () => new Promise(() => undefined) });
    const { client } = makeClient(server.port);
    const stop = new AbortController();

    const signing = client.signCsr('x', 1, stop.signal);
    signing.catch(() => undefined);
    await until(() => server.calls.length === 1);
    stop.abort(new Error('enough'));

    await assert.rejects(signing, { message: 'enough' });
    assert.equal(clock.sleepers, 0);
  });

  it('does not trust a server of another root, and says which root it looked in', async () => {
    const stranger = await makeAuthority('stranger.example');
    await using server = await startCaServer({ authority: stranger, answer: chain });
    const { client } = makeClient(server.port);

    const failure = await client.signCsr('x', 1, signal).catch((error: unknown) => error);

    assert.ok(failure instanceof CaError && failure.retryable);
    assert.match(failure.message, /code = Unavailable/);
    assert.match(failure.message, /the server's certificate is not signed by a root in the\/root\.pem/);
    assert.equal(server.calls.length, 0);
  });

  it('trusts it from the next attempt on once the root file is corrected', async () => {
    const stranger = await makeAuthority('stranger.example');
    await using server = await startCaServer({ authority: stranger, answer: chain });
    const { client } = makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal));
    await writeFile(join(directory.path, 'root.pem'), authority.rootPem + stranger.rootPem);

    assert.deepEqual(await client.signCsr('x', 1, signal), ['leaf', 'root']);
  });

  it('refuses a server whose certificate is for another name', async () => {
    await using server = await startCaServer({ authority, names: ['other.example'], answer: chain });
    const { client } = makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal), /the server's certificate is for another name/);
    assert.equal(server.calls.length, 0);
  });

  it('checks the IP names of the certificate when the server is known by its address', async () => {
    await using right = await startCaServer({ authority, names: ['127.0.0.1'], answer: chain });
    await using wrong = await startCaServer({ authority, names: ['127.0.0.2'], answer: chain });

    const accepted = makeClient(right.port, { serverName: '127.0.0.1' }).client.signCsr('x', 1, signal);
    const refused = makeClient(wrong.port, { serverName: '127.0.0.1' }).client.signCsr('x', 1, signal);
    refused.catch(() => undefined);

    assert.deepEqual(await accepted, ['leaf', 'root']);
    await assert.rejects(refused, /for another name/);
  });

  it('says so when nothing listens, and when the server does not speak TLS', async () => {
    await using plain = await startCaServer({ answer: chain });
    const free = await freePort();

    await assert.rejects(makeClient(free).client.signCsr('x', 1, signal), /nothing listens at/);
    await assert.rejects(
      makeClient(plain.port).client.signCsr('x', 1, signal),
      /the server does not speak TLS/,
    );
  });

  it('sends the token over plaintext too', async () => {
    await using server = await startCaServer({ answer: chain });
    const { client } = makeClient(server.port, 'plaintext');

    await client.signCsr('x', 1, signal);

    assert.equal(server.calls[0]?.headers.get('authorization'), 'Bearer first-token');
  });

  describe('with a client certificate', () => {
    const clientCertificate = () => ({
      chainPath: join(directory.path, 'cert-chain.pem'),
      keyPath: join(directory.path, 'key.pem'),
    });

    async function provision(pair: { chainPem: string; keyPem: string }): Promise<void> {
      await writeFile(clientCertificate().chainPath, pair.chainPem);
      await writeFile(clientCertificate().keyPath, pair.keyPem);
    }

    it('shows it, from the first call after it arrived', async () => {
      await using server = await startCaServer({ authority, requireClientCertificate: true, answer: chain });
      const { client, logged } = makeClient(server.port, { clientCertificate: clientCertificate() });

      await assert.rejects(client.signCsr('x', 1, signal), /code = Unavailable/);
      await provision(await issuePair(authority, ['spiffe://test.example/ns/a/sa/b']));

      assert.deepEqual(await client.signCsr('x', 1, signal), ['leaf', 'root']);
      assert.match(logged('warn').join('\n'), /cannot parse the cert chain, using token instead: ENOENT/);
    });

    it('does not show it when it is expired: the token has to do', async () => {
      const past = { notBeforeMs: Date.now() - 20_000, notAfterMs: Date.now() - 10_000 };
      await provision(await issuePair(authority, ['spiffe://test.example/ns/a/sa/b'], past));
      await using server = await startCaServer({ authority, answer: chain });
      const { client, logged } = makeClient(server.port, { clientCertificate: clientCertificate() });

      await client.signCsr('x', 1, signal);
      await client.signCsr('x', 1, signal);

      assert.deepEqual(logged('warn'), ['cert expired, using token instead']);
      assert.equal(server.calls[0]?.headers.get('authorization'), 'Bearer first-token');
    });

    it('fails when key and chain are not a pair', async () => {
      const [one, other] = [
        await issuePair(authority, ['a.example']),
        await issuePair(authority, ['b.example']),
      ];
      await provision({ chainPem: one.chainPem, keyPem: other.keyPem });
      await using server = await startCaServer({ authority, answer: chain });
      const { client } = makeClient(server.port, { clientCertificate: clientCertificate() });

      await assert.rejects(
        client.signCsr('x', 1, signal),
        /create certificate: failed to set up TLS: .*mismatch/,
      );
    });
  });

  it('shows no token in anything it logs or throws', async () => {
    const refuse: Answer = () => {
      throw new RpcFailure('UNAVAILABLE', 'test failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const { client, logged } = makeClient(server.port);

    const failure = await client.signCsr('x', 1, signal).catch((error: unknown) => error);

    const said = logged().join('\n') + String(failure);
    assert.ok(said.includes('test failure') && !said.includes('first-token'));
  });
});

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}
