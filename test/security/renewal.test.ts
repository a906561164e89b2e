// Manager, client and a real CA over real TLS together: what heals without a restart. Numbers in titles are those of
// the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { makeCsr } from '../../src/pki/csr.ts';
import { generateKeys } from '../../src/pki/keys.ts';
import { loadMessages } from '../../src/proto/messages.ts';
import { CaClient } from '../../src/security/ca/ca-client.ts';
import { SecretManager } from '../../src/security/secret-manager.ts';
import { FileToken } from '../../src/security/upstream/file-token.ts';
import { UpstreamDialer } from '../../src/security/upstream/dialer.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { silentMeter } from '../support/silent-meter.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { makeAuthority, signRequest, type Authority } from './authority.ts';
import { RpcFailure, startCaServer, type Answer } from './ca-server.ts';
import { turns, until } from './progress.ts';

const HOUR_MS = 3_600_000;
const LONG_MS = 500 * HOUR_MS;
const SPIFFE_ID = 'spiffe://test.example/ns/shop/sa/cart';

describe('a workload certificate from a real CA', () => {
  let authority: Authority;
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let stop: AbortController;
  let running: Promise<void>[];

  before(async () => {
    authority = await makeAuthority();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock(Date.now());
    stop = new AbortController();
    running = [];
    await writeFile(join(directory.path, 'root.pem'), authority.rootPem);
    await writeFile(join(directory.path, 'token'), 'good');
  });

  afterEach(async () => {
    stop.abort();
    await Promise.all(running);
    await directory.remove();
  });

  function startManager(port: number) {
    const { log, messages: logged } = recordingLog();
    const token = new FileToken({ path: join(directory.path, 'token'), clock, log });
    const root = { kind: 'file', path: join(directory.path, 'root.pem'), name: 'root.pem' } as const;
    const tls = { root, serverName: 'ca.example', clientCertificate: undefined, compliancePolicy: '' };
    const transport = { clusterId: '', headers: {}, keepaliveMs: 30_000, keepaliveTimeoutMs: 10_000 };
    const dialer = new UpstreamDialer(
      { address: `127.0.0.1:${port}`, tls, ...transport },
      { token, clock, log },
    );
    const common = { clock, random: () => 0.5, log, meter: silentMeter() };
    // The clock runs ahead of the sockets here, so limits on their time would mean nothing.
    const limits = { attemptTimeoutMs: LONG_MS, callTimeoutMs: LONG_MS };
    const ca = new CaClient(
      { certSigner: '', ...limits },
      { dialer, messages: async () => loadMessages(), ...common, log: recordingLog().log },
    );
    const key = { eccSignatureAlgorithm: 'ECDSA', eccCurve: 'P256', rsaKeySize: 2048, pkcs8Key: false };
    const rotation = { graceRatio: 0.5, graceRatioJitter: 0, ttlMs: HOUR_MS };
    const spiffeId = SPIFFE_ID;
    const manager = new SecretManager({ spiffeId, ...key, ...rotation }, { ca, ...common });
    running.push(manager.run(stop.signal).catch((error: unknown) => assert.equal(error, stop.signal.reason)));
    return { manager, logged };
  }

  const sign: Answer = ({ request }) =>
    signRequest(authority, request.csr, request.validityDuration * 1000, clock);

  /** Lets time pass until it is so. */
  async function passUntil(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await clock.tick(1000);
      await turns(5);
    }
  }

  it('arrives once the CA is up', async () => {
    const first = await startCaServer({ authority, answer: sign });
    await first[Symbol.asyncDispose]();
    const { manager, logged } = startManager(first.port);
    await passUntil(() => logged('warn').length > 0);
    assert.match(logged('warn')[0] ?? '', /^failed to warm certificate: .*nothing listens at the address/);

    await using server = await startCaServer({ authority, answer: sign, port: first.port });
    await passUntil(() => manager.facts().serial !== undefined);

    assert.ok(server.calls.length > 0);
    assert.equal(manager.facts().lastError, undefined);
  });

  it('arrives once the root file is the right one', async () => {
    const stranger = await makeAuthority('stranger.example');
    await writeFile(join(directory.path, 'root.pem'), stranger.rootPem);
    await using server = await startCaServer({ authority, answer: sign });
    const { manager, logged } = startManager(server.port);
    await passUntil(() => logged('debug').filter((text) => text.startsWith('failed to warm')).length > 1);
    assert.equal(logged('warn').length, 1, 'one cause is said once');
    assert.match(logged('warn')[0] ?? '', /is not signed by a root in root\.pem/);

    await writeFile(join(directory.path, 'root.pem'), authority.rootPem);
    await passUntil(() => manager.facts().serial !== undefined);
  });

  it('arrives once the token is accepted', async () => {
    const guarded: Answer = (call, count) => {
      if (call.headers.get('authorization') === 'Bearer good') return sign(call, count);
      throw new RpcFailure('UNAUTHENTICATED', 'request authenticate failure');
    };
    await writeFile(join(directory.path, 'token'), 'bad');
    await using server = await startCaServer({ authority, answer: guarded });
    const { manager, logged } = startManager(server.port);
    await passUntil(() => server.calls.length > 2);
    assert.match(logged('warn')[0] ?? '', /code = Unauthenticated desc = request authenticate failure/);

    await writeFile(join(directory.path, 'token'), 'good');
    await passUntil(() => manager.facts().serial !== undefined);
  });

  it('is replaced before it expires', async () => {
    await using server = await startCaServer({ authority, answer: sign });
    const { manager } = startManager(server.port);
    await until(() => manager.facts().serial !== undefined);
    const { serial, notAfterMs } = manager.facts();

    await passUntil(() => manager.facts().serial !== serial);

    assert.ok(clock.now() < (notAfterMs ?? 0));
    assert.equal(server.calls.length, 2);
  });

  it('19: stays when the CA answers with a certificate for another key', async () => {
    const others = await makeAuthority();
    const theirs = await makeCsr(await generateKeys({ type: 'ec', curve: 'P-256' }), SPIFFE_ID);
    const answer: Answer = (call, count) =>
      count === 1 ? sign(call, count) : signRequest(others, theirs, HOUR_MS, clock);
    await using server = await startCaServer({ authority, answer });
    const { manager } = startManager(server.port);
    await until(() => manager.facts().serial !== undefined);
    const { serial } = manager.facts();

    await assert.rejects(manager.rotateNow(), /the CA signed a certificate for another key/);

    assert.equal(manager.facts().serial, serial);
    assert.equal((await manager.get('default', stop.signal)).kind, 'certificate');
  });
});
