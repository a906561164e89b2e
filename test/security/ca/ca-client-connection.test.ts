// Numbers in titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { CaError } from '../../../src/security/ca/ca-faults.ts';
import { issuePair, makeAuthority, type Authority } from '../authority.ts';
import { startCaServer, type Answer } from '../ca-server.ts';
import { CaWorld } from './ca-world.ts';

const signal = new AbortController().signal;
const chain: Answer = () => ['leaf', 'root'];

describe('the connection of a CaClient', () => {
  let world: CaWorld;
  let authority: Authority;
  before(async () => {
    authority = await makeAuthority();
  });
  beforeEach(async () => {
    world = await CaWorld.lay(authority);
  });
  afterEach(() => world.remove());

  it('does not trust a server of another root, and says which root it looked in', async () => {
    const stranger = await makeAuthority('stranger.example');
    await using server = await startCaServer({ authority: stranger, answer: chain });
    const { client } = world.makeClient(server.port);

    const failure = await client.signCsr('x', 1, signal).catch((error: unknown) => error);

    assert.ok(failure instanceof CaError && failure.retryable);
    assert.match(failure.message, /code = Unavailable/);
    assert.match(failure.message, /the server's certificate is not signed by a root in the\/root\.pem/);
    assert.equal(server.calls.length, 0);
  });

  it('trusts it from the next attempt on once the root file is corrected', async () => {
    const stranger = await makeAuthority('stranger.example');
    await using server = await startCaServer({ authority: stranger, answer: chain });
    const { client } = world.makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal));
    await writeFile(join(world.path, 'root.pem'), authority.rootPem + stranger.rootPem);

    assert.deepEqual(await client.signCsr('x', 1, signal), ['leaf', 'root']);
  });

  it('refuses a server whose certificate is for another name', async () => {
    await using server = await startCaServer({ authority, names: ['other.example'], answer: chain });
    const { client } = world.makeClient(server.port);

    await assert.rejects(client.signCsr('x', 1, signal), /the server's certificate is for another name/);
    assert.equal(server.calls.length, 0);
  });

  it('checks the IP names of the certificate when the server is known by its address', async () => {
    await using right = await startCaServer({ authority, names: ['127.0.0.1'], answer: chain });
    await using wrong = await startCaServer({ authority, names: ['127.0.0.2'], answer: chain });

    const accepted = world.makeClient(right.port, { serverName: '127.0.0.1' }).client.signCsr('x', 1, signal);
    const refused = world.makeClient(wrong.port, { serverName: '127.0.0.1' }).client.signCsr('x', 1, signal);
    refused.catch(() => undefined);

    assert.deepEqual(await accepted, ['leaf', 'root']);
    await assert.rejects(refused, /for another name/);
  });

  it('says so when nothing listens, and when the server does not speak TLS', async () => {
    await using plain = await startCaServer({ answer: chain });
    const free = await freePort();

    await assert.rejects(world.makeClient(free).client.signCsr('x', 1, signal), /nothing listens at/);
    await assert.rejects(
      world.makeClient(plain.port).client.signCsr('x', 1, signal),
      /the server does not speak TLS/,
    );
  });

  for (const tls of [{}, 'plaintext'] as const) {
    const how = tls === 'plaintext' ? 'in plaintext' : 'over TLS';
    it(`leaves no connection to a server that accepts and stays silent, ${how}`, async () => {
      const silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const { client } = world.makeClient(port, tls);
      const tried = client.signCsr('x', 1, signal);
      tried.catch(() => undefined);
      const [socket] = (await once(silent, 'connection')) as [Socket];
      socket.on('error', () => undefined); // a reset is one way to let go
      socket.resume();

      await client.close();

      await once(socket, 'close');
      await assert.rejects(tried, /the CA client is closed/);
      silent.close();
    });
  }

  it('16: needs no root for plaintext, and sends the token over it too', async () => {
    await using server = await startCaServer({ answer: chain });
    const { client } = world.makeClient(server.port, 'plaintext');

    await client.signCsr('x', 1, signal);

    assert.equal(server.calls[0]?.headers.get('authorization'), 'Bearer first-token');
  });

  describe('with a client certificate', () => {
    const clientCertificate = () => ({
      chainPath: join(world.path, 'cert-chain.pem'),
      keyPath: join(world.path, 'key.pem'),
    });

    async function provision(pair: { chainPem: string; keyPem: string }): Promise<void> {
      await writeFile(clientCertificate().chainPath, pair.chainPem);
      await writeFile(clientCertificate().keyPath, pair.keyPem);
    }

    it('12, 13: shows it, from the first call after it arrived', async () => {
      await using server = await startCaServer({ authority, requireClientCertificate: true, answer: chain });
      const { client, logged } = world.makeClient(server.port, { clientCertificate: clientCertificate() });

      await assert.rejects(client.signCsr('x', 1, signal), /code = Unavailable/);
      await provision(await issuePair(authority, ['spiffe://test.example/ns/a/sa/b']));

      assert.deepEqual(await client.signCsr('x', 1, signal), ['leaf', 'root']);
      assert.match(logged('warn').join('\n'), /cannot parse the cert chain, using token instead: ENOENT/);
    });

    it('12: does without it where the token is enough', async () => {
      await using server = await startCaServer({ authority, answer: chain });
      const { client } = world.makeClient(server.port, { clientCertificate: clientCertificate() });

      assert.deepEqual(await client.signCsr('x', 1, signal), ['leaf', 'root']);
    });

    for (const name of ['cert-chain.pem', 'key.pem']) {
      it(`does not wait for a FIFO in place of ${name}`, async () => {
        await provision(await issuePair(authority, ['spiffe://test.example/ns/a/sa/b']));
        await rm(join(world.path, name));
        await promisify(execFile)('mkfifo', [join(world.path, name)]);
        await using server = await startCaServer({
          authority,
          requireClientCertificate: true,
          answer: chain,
        });
        const { client, logged } = world.makeClient(server.port, { clientCertificate: clientCertificate() });

        const failure = await client.signCsr('x', 1, signal).catch((error: unknown) => error);

        assert.match(`${String(failure)} ${logged('warn').join()}`, /is not a regular file/);
      });
    }

    it('14: does not show it when it is expired: the token has to do', async () => {
      const past = { notBeforeMs: Date.now() - 20_000, notAfterMs: Date.now() - 10_000 };
      await provision(await issuePair(authority, ['spiffe://test.example/ns/a/sa/b'], past));
      await using server = await startCaServer({ authority, answer: chain });
      const { client, logged } = world.makeClient(server.port, { clientCertificate: clientCertificate() });

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
      const { client } = world.makeClient(server.port, { clientCertificate: clientCertificate() });

      await assert.rejects(
        client.signCsr('x', 1, signal),
        /create certificate: failed to set up TLS: .*mismatch/,
      );
    });
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
