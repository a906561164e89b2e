// Numbers in titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

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
    random = 0.5,
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
      { dialer, messages: async () => loadMessages(), clock, random: () => random, log, meter },
    );
    return { client, meter, logged: messages };
  }

  it('6: sends request, token, cluster and own headers, and gives back the list it got', async () => {
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

  it('17: writes the bytes of the reference, an empty signer included', async () => {
    await using server = await startCaServer({ authority, answer: chain });
    const { client } = makeClient(server.port, {}, { certSigner: '' });

    await client.signCsr('x', 86_400, signal);

    // 1: "x", 3: 86400, 4: { 1: { 1: "CertSigner", 2: { 3: "" } } }
    const signer = Buffer.from('CertSigner').toString('hex');
    assert.equal(server.calls[0]?.bytes.toString('hex'), `0a01781880a30522120a100a0a${signer}12021a00`);
  });

  it('10: reads the token at every call', async () => {
    await using server = await startCaServer({ authority, answer: chain });
    const { client } = makeClient(server.port);

    await client.signCsr('x', 1, signal);
    await writeFile(join(directory.path, 'token'), 'second-token');
    await client.signCsr('x', 1, signal);

    const sent = server.calls.map(({ headers }) => headers.get('authorization'));
    assert.deepEqual(sent, ['Bearer first-token', 'Bearer second-token']);
  });

  it('10, 11: calls without a token when there is none, and does not repeat a refusal', async () => {
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

  it('9: tries an unavailable CA five times, waiting longer each time', async () => {
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

  for (const [random, waitsMs] of [
    [0, [90, 180, 360, 720]],
    [0.999_999, [110, 220, 440, 880]],
  ] as const) {
    it(`9: waits ${waitsMs.join(', ')} ms when chance is ${random}`, async () => {
      const refuse: Answer = () => {
        throw new RpcFailure('RESOURCE_EXHAUSTED', 'test failure');
      };
      await using server = await startCaServer({ authority, answer: refuse });
      const { client, logged } = makeClient(server.port, {}, {}, random);

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

      assert.deepEqual(await makeClient(server.port).client.signCsr('x', 1, signal), ['leaf', 'root']);
    });
  }

  for (const answer of [[], ['alone']]) {
    it(`7: refuses an answer of ${answer.length} elements`, async () => {
      await using server = await startCaServer({ authority, answer: () => answer });
      const { client, logged } = makeClient(server.port);

      await assert.rejects(client.signCsr('x', 1, signal), { message: 'invalid empty CertChain' });

      assert.equal(server.calls.length, 1);
      assert.deepEqual(logged('warn'), ['failed to sign CSR: invalid empty CertChain']);
    });
  }

  it('8: tries once when the error is not one that passes', async () => {
    const refuse: Answer = () => {
      throw new RpcFailure('UNKNOWN', 'test failure');
    };
    await using server = await startCaServer({ authority, answer: refuse });
    const { client } = makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal), {
      message: 'create certificate: rpc error: code = Unknown desc = test failure',
      retryable: false,
    });

    assert.equal(server.calls.length, 1);
  });

  it('18: gives up an attempt that gets no answer, and the whole call at its own limit', async () => {
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

  it('16: needs no root for plaintext, and sends the token over it too', async () => {
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

    it('12, 13: shows it, from the first call after it arrived', async () => {
      await using server = await startCaServer({ authority, requireClientCertificate: true, answer: chain });
      const { client, logged } = makeClient(server.port, { clientCertificate: clientCertificate() });

      await assert.rejects(client.signCsr('x', 1, signal), /code = Unavailable/);
      await provision(await issuePair(authority, ['spiffe://test.example/ns/a/sa/b']));

      assert.deepEqual(await client.signCsr('x', 1, signal), ['leaf', 'root']);
      assert.match(logged('warn').join('\n'), /cannot parse the cert chain, using token instead: ENOENT/);
    });

    it('12: does without it where the token is enough', async () => {
      await using server = await startCaServer({ authority, answer: chain });
      const { client } = makeClient(server.port, { clientCertificate: clientCertificate() });

      assert.deepEqual(await client.signCsr('x', 1, signal), ['leaf', 'root']);
    });

    for (const name of ['cert-chain.pem', 'key.pem']) {
      it(`does not wait for a FIFO in place of ${name}`, async () => {
        await provision(await issuePair(authority, ['spiffe://test.example/ns/a/sa/b']));
        await rm(join(directory.path, name));
        await promisify(execFile)('mkfifo', [join(directory.path, name)]);
        await using server = await startCaServer({
          authority,
          requireClientCertificate: true,
          answer: chain,
        });
        const { client, logged } = makeClient(server.port, { clientCertificate: clientCertificate() });

        const failure = await client.signCsr('x', 1, signal).catch((error: unknown) => error);

        assert.match(`${String(failure)} ${logged('warn').join()}`, /is not a regular file/);
      });
    }

    it('14: does not show it when it is expired: the token has to do', async () => {
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

  it('11: passes on the words of a CA that checks the token', async () => {
    const checking: Answer = ({ headers }) => {
      const shown = headers.get('authorization');
      if (shown === undefined) throw new RpcFailure('UNAUTHENTICATED', 'no HTTP authorization header exists');
      throw new RpcFailure('PERMISSION_DENIED', `not the right token`);
    };
    await using server = await startCaServer({ authority, answer: checking });
    const { client } = makeClient(server.port);

    await assert.rejects(
      client.signCsr('x', 1, signal),
      /code = PermissionDenied desc = not the right token$/,
    );
    await writeFile(join(directory.path, 'token'), '');

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
    const { client, logged } = makeClient(server.port);

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
    await writeFile(join(directory.path, 'token'), `header.${payload}.signature`);
    const { client, logged } = makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal), /desc = request authenticate failure$/);

    const [expiry, refusal] = logged('warn');
    assert.match(expiry ?? '', /has expired: exp 1970-01-01T00:00:01\.000Z, aud \["istio-ca"\]$/);
    assert.match(refusal ?? '', /^failed to sign CSR: .*failure \(shown was an expired token\)$/);
  });

  it('ends what is under way when it is closed, and answers no more', async () => {
    await using server = await startCaServer({ authority, answer: () => new Promise(() => undefined) });
    const { client } = makeClient(server.port);

    const signing = client.signCsr('x', 1, signal);
    signing.catch(() => undefined);
    await until(() => server.calls.length === 1);
    await client.close();
    await client.close();

    await assert.rejects(signing, { message: 'the CA client is closed' });
    await assert.rejects(client.signCsr('x', 1, signal), { message: 'the CA client is closed' });
    assert.equal(clock.sleepers, 0);
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
