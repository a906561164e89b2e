import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';

import { AgentError } from '../../src/runtime/errors.ts';
import { aborted } from '../../src/runtime/tasks.ts';
import {
  SecretManager,
  type FileSecretSource,
  type SecretManagerDeps,
  type SecretManagerSettings,
  type SecretOutput,
} from '../../src/security/secret-manager.ts';
import { SecretError, type SecretItem } from '../../src/security/secret-item.ts';
import type { CertificateTexts } from '../../src/security/output-certs.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { silentMeter } from '../support/silent-meter.ts';
import { makeAuthority, signRequest, type Authority } from './authority.ts';
import { turns, until } from './progress.ts';

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

describe('SecretManager', () => {
  let first: Authority;
  let second: Authority;
  let clock: FakeClock;
  let stop: AbortController;
  let running: Promise<void>[];

  before(async () => {
    [first, second] = await Promise.all([makeAuthority('first.example'), makeAuthority('second.example')]);
  });

  beforeEach(() => {
    clock = new FakeClock();
    stop = new AbortController();
    running = [];
  });

  afterEach(async () => {
    stop.abort(new Error('the test is over'));
    await Promise.all(running);
    assert.equal(clock.sleepers, 0);
  });

  /** A manager whose CA is a function here: it signs with `ca.authority`, or fails while `ca.down` is set. */
  function makeManager(settings: Partial<SecretManagerSettings> = {}, deps: Partial<SecretManagerDeps> = {}) {
    const ca = {
      authority: first,
      lifetimeMs: HOUR_MS,
      down: undefined as string | undefined,
      requests: 0,
      rootBundle: async () => [],
      close: async () => undefined,
      signCsr: async (csr: string, _ttlSeconds: number, _signal: AbortSignal): Promise<readonly string[]> => {
        ca.requests++;
        if (ca.down !== undefined) throw new AgentError(ca.down, { retryable: true });
        return signRequest(ca.authority, csr, ca.lifetimeMs, clock);
      },
    };
    const { log, messages, records } = recordingLog();
    const written: Partial<CertificateTexts>[] = [];
    const output: SecretOutput = {
      write: async (texts) => void written.push(texts),
      close: async () => undefined,
    };
    const manager = new SecretManager(
      {
        spiffeId: 'spiffe://test.example/ns/shop/sa/cart',
        ttlMs: HOUR_MS,
        eccSignatureAlgorithm: 'ECDSA',
        eccCurve: 'P256',
        rsaKeySize: 2048,
        pkcs8Key: false,
        graceRatio: 0.5,
        graceRatioJitter: 0,
        ...settings,
      },
      { ca, clock, random: () => 0.5, log, meter: silentMeter(), output, ...deps },
    );
    const changes: string[] = [];
    manager.onChange((name) => changes.push(name));
    const run = (): void => {
      running.push(
        manager.run(stop.signal).catch((error: unknown) => assert.equal(error, stop.signal.reason)),
      );
    };
    return { manager, ca, changes, run, written, logged: messages, records };
  }

  async function workload(manager: SecretManager): Promise<SecretItem & { kind: 'certificate' }> {
    const item = await manager.get('default', never);
    assert.ok(item.kind === 'certificate');
    return item;
  }

  async function anchors(manager: SecretManager): Promise<string> {
    const item = await manager.get('ROOTCA', never);
    assert.ok(item.kind === 'trust');
    return item.rootPem;
  }

  /** Moves the clock until the CA was asked `count` times more; `waitMs` is the longest wait between two tries. */
  async function retries(ca: { readonly requests: number }, count: number, waitMs: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const before = ca.requests;
      await clock.tick(waitMs);
      await until(() => ca.requests > before);
    }
  }

  describe('asked for secrets', () => {
    it('gives a chain whose leaf fits the key, the root last, and the root alone as ROOTCA', async () => {
      const { manager, ca } = makeManager();

      const item = await workload(manager);
      const root = await anchors(manager);

      const leaf = new X509Certificate(item.certificateChainPem);
      assert.ok(leaf.checkPrivateKey(createPrivateKey(item.privateKeyPem)));
      assert.equal(leaf.subjectAltName, 'URI:spiffe://test.example/ns/shop/sa/cart');
      assert.match(item.privateKeyPem, /^-----BEGIN EC PRIVATE KEY-----/);
      assert.ok(item.certificateChainPem.endsWith(first.rootPem));
      assert.equal(root, first.rootPem.trimEnd());
      assert.equal(ca.requests, 1);
    });

    it('gives the same bytes again from the cache', async () => {
      const { manager, ca } = makeManager();

      assert.deepEqual(await workload(manager), await workload(manager));

      assert.equal(ca.requests, 1);
    });

    it('makes one request for all who ask at once', async () => {
      const { manager, ca } = makeManager();

      const asked = Array.from({ length: 50 }, (_, i) =>
        manager.get(i % 2 === 0 ? 'default' : 'ROOTCA', never),
      );
      await Promise.all(asked);

      assert.equal(ca.requests, 1);
    });

    it('lets one who stops waiting go without ending the request', async () => {
      const { manager, ca } = makeManager();
      const impatient = new AbortController();

      const asked = manager.get('default', impatient.signal);
      impatient.abort(new Error('gone'));

      await assert.rejects(asked, { message: 'gone' });
      await workload(manager);
      assert.equal(ca.requests, 1);
    });

    it('refuses names it does not know', async () => {
      const { manager, ca } = makeManager();

      await assert.rejects(manager.get('kubernetes://x', never), {
        message: 'unknown resource',
      });
      assert.equal(ca.requests, 0);
    });

    it('passes on why there is none, and asks again the next time', async () => {
      const { manager, ca } = makeManager();
      ca.down = 'create certificate: refused';

      await assert.rejects(manager.get('default', never), {
        message: 'failed to generate workload certificate: create certificate: refused',
      });
      ca.down = undefined;

      await workload(manager);
    });

    it('writes the key as PKCS#8 when told so', async () => {
      const { manager } = makeManager({ pkcs8Key: true });

      assert.match((await workload(manager)).privateKeyPem, /^-----BEGIN PRIVATE KEY-----/);
    });
  });

  describe('while it runs', () => {
    it('has a certificate before anyone asks', async () => {
      const { manager, ca, run } = makeManager();

      run();
      await until(() => manager.facts().serial !== undefined);

      await workload(manager);
      assert.equal(ca.requests, 1);
    });

    it('replaces the certificate at half of its life, nobody asking, and tells default only', async () => {
      const { manager, ca, changes, run } = makeManager();
      run();
      await until(() => manager.facts().serial !== undefined);
      const before = await workload(manager);
      changes.length = 0;

      await clock.tick(HOUR_MS / 2 - 1000);
      await turns();
      assert.equal(ca.requests, 1);
      await clock.tick(1000);
      await until(() => changes.length > 0);

      const after = await workload(manager);
      assert.deepEqual(changes, ['default']);
      assert.notEqual(after.privateKeyPem, before.privateKeyPem);
      assert.notEqual(after.certificateChainPem, before.certificateChainPem);
    });

    it('goes on replacing it', async () => {
      const { manager, changes, run } = makeManager();
      run();
      await until(() => manager.facts().serial !== undefined);

      for (let count = 1; count <= 3; count++) {
        await clock.tick(HOUR_MS / 2);
        await until(() => changes.filter((name) => name === 'default').length === count);
      }
    });

    it('hands every certificate out to be written, nobody asking', async () => {
      const { run, written } = makeManager();
      run();
      await until(() => written.length === 1);

      await clock.tick(HOUR_MS / 2);
      await until(() => written.length === 2);

      const [before, after] = written;
      assert.notEqual(after?.key, before?.key);
      assert.ok(after?.chain?.endsWith(first.rootPem));
      assert.equal(after?.anchors, first.rootPem.trimEnd());
    });

    it('does not rotate a certificate of 90 days at once', async () => {
      const { manager, ca, run } = makeManager();
      ca.lifetimeMs = 90 * 24 * HOUR_MS;
      run();
      await until(() => manager.facts().serial !== undefined);

      await clock.tick(HOUR_MS);
      await turns();

      assert.equal(ca.requests, 1);
      assert.equal(manager.facts().nextRotationMs, clock.now() - HOUR_MS + 45 * 24 * HOUR_MS);
    });

    it('serves the old certificate to its last second while the CA is down, then nothing', async () => {
      const { manager, ca, changes, run } = makeManager();
      run();
      await until(() => manager.facts().serial !== undefined);
      const before = await workload(manager);
      ca.down = 'create certificate: rpc error: code = Unavailable desc = down';

      await clock.tick(HOUR_MS / 2);
      await retries(ca, 4, 6 * 60_000);
      await clock.tick(6 * 60_000 - 1000);
      assert.deepEqual(await workload(manager), before);
      assert.equal(changes.filter((name) => name === 'default').length, 0);

      await clock.tick(1000);
      await assert.rejects(manager.get('default', never), /desc = down/);
    });

    it('replaces it within one retry once the CA is back', async () => {
      const { manager, ca, changes, run } = makeManager();
      run();
      await until(() => manager.facts().serial !== undefined);
      const before = await workload(manager);
      ca.down = 'create certificate: down';
      await clock.tick(HOUR_MS / 2);
      await until(() => manager.facts().lastError !== undefined);
      changes.length = 0;

      ca.down = undefined;
      await clock.tick(5 * 60_000 * 1.2);
      await until(() => changes.length > 0);

      assert.deepEqual(changes, ['default']);
      assert.notDeepEqual(await workload(manager), before);
      assert.equal(manager.facts().lastError, undefined);
    });

    it('warms up again and again until the CA answers, and says one cause once', async () => {
      const { manager, ca, run, logged, changes } = makeManager();
      ca.down = 'create certificate: down';
      run();
      await assert.rejects(manager.get('default', never));

      await retries(ca, 8, 60_000);
      ca.down = 'create certificate: refused';
      await retries(ca, 2, 60_000);
      ca.down = undefined;
      await clock.tick(60_000);
      await until(() => manager.facts().serial !== undefined);

      const prefix =
        'failed to warm certificate: failed to generate workload certificate: create certificate:';
      assert.deepEqual(logged('warn'), [`${prefix} down`, `${prefix} refused`]);
      assert.ok(logged('debug').includes(`${prefix} down`));
      assert.deepEqual(changes, ['default'], 'who was turned away is told');
    });

    it('reports an expired certificate as an error', async () => {
      const { manager, ca, run, logged } = makeManager();
      run();
      await until(() => manager.facts().serial !== undefined);
      ca.down = 'create certificate: down';

      await clock.tick(HOUR_MS / 2);
      await retries(ca, 7, 6 * 60_000);

      await until(() => logged('error').length > 0);
      assert.match(logged('error')[0] ?? '', /has expired and cannot be replaced: create certificate: down/);
    });

    it('announces a new root before the certificate, and keeps the old one for as long as its leaf lived', async () => {
      const { manager, ca, changes, run } = makeManager();
      run();
      await until(() => manager.facts().serial !== undefined);
      await workload(manager);
      changes.length = 0;
      ca.authority = second;

      await clock.tick(HOUR_MS / 2);
      await until(() => changes.length === 2);

      assert.deepEqual(changes, ['ROOTCA', 'default']);
      const both = await anchors(manager);
      assert.ok(both.includes(first.rootPem.trimEnd()) && both.includes(second.rootPem.trimEnd()));

      await clock.tick(HOUR_MS / 2);
      assert.equal(await anchors(manager), second.rootPem.trimEnd());
    });

    it('starts from the new life when a certificate was renewed by hand', async () => {
      const { manager, ca, run } = makeManager();
      run();
      await until(() => manager.facts().serial !== undefined);
      ca.lifetimeMs = HOUR_MS / 6;

      await Promise.all([manager.rotateNow(), manager.rotateNow()]);
      assert.equal(ca.requests, 2, 'the second trigger joins the first');
      await clock.tick(HOUR_MS / 12);
      await until(() => ca.requests === 3);
    });
  });

  describe('with anchors from elsewhere', () => {
    it('serves them beside the root, each once, and has a new certificate signed', async () => {
      const { manager, changes } = makeManager();
      await anchors(manager);

      manager.setExtraAnchors([second.rootPem]);
      await until(() => changes.includes('default'));

      const expected = [first.rootPem.trimEnd(), second.rootPem.trimEnd()].sort().join('\n');
      assert.equal(await anchors(manager), expected);
      manager.setExtraAnchors([`${second.rootPem}${first.rootPem}`]);
      assert.equal(await anchors(manager), expected);
    });

    it('does nothing when they are the same bytes', async () => {
      const { manager, changes, ca } = makeManager();
      await anchors(manager);
      manager.setExtraAnchors([second.rootPem]);
      await until(() => changes.includes('default'));
      changes.length = 0;

      manager.setExtraAnchors([second.rootPem]);
      await turns();

      assert.deepEqual(changes, []);
      assert.equal(ca.requests, 2);
    });
  });

  describe('with files', () => {
    const inFile: SecretItem = {
      kind: 'certificate',
      name: 'default',
      certificateChainPem: 'chain in a file',
      privateKeyPem: 'key in a file',
    };

    function fileSource(items: Readonly<Record<string, SecretItem | SecretError>>) {
      const released: string[] = [];
      const listeners = new Set<(name: string) => void>();
      const files: FileSecretSource = {
        get: async (name) => {
          const item = items[name];
          if (item instanceof SecretError) throw item;
          return item;
        },
        onChange: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        release: (name) => void released.push(name),
      };
      const change = (name: string): void => listeners.forEach((listener) => listener(name));
      return { files, released, change, listeners };
    }

    it('serves them before the CA is asked, and says so', async () => {
      const { manager, ca } = makeManager({}, { files: fileSource({ default: inFile }).files });

      assert.deepEqual(await manager.get('default', never), inFile);
      assert.equal(ca.requests, 0);
      assert.equal(manager.facts().source, 'files');
      await assert.rejects(manager.rotateNow(), /not signed by this agent/);
    });

    it('asks the CA for what no file holds', async () => {
      const { manager, ca } = makeManager({}, { files: fileSource({ default: inFile }).files });

      assert.equal(await anchors(manager), first.rootPem.trimEnd());

      assert.equal(ca.requests, 1);
    });

    it('passes on why a file cannot be used, and asks nobody else', async () => {
      const files = fileSource({ default: new SecretError('half a file') });
      const { manager, ca } = makeManager({}, files);

      await assert.rejects(manager.get('default', never), { message: 'half a file' });

      assert.equal(ca.requests, 0);
    });

    it('28: merges ROOTCA of a file with the extra anchors, and no file-root: name', async () => {
      const trust = (name: string): SecretItem => ({ kind: 'trust', name, rootPem: first.rootPem });
      const items = { ROOTCA: trust('ROOTCA'), 'file-root:/r.pem': trust('file-root:/r.pem') };
      const { manager } = makeManager({}, { files: fileSource(items).files });

      manager.setExtraAnchors([second.rootPem]);

      const both = [first.rootPem.trimEnd(), second.rootPem.trimEnd()].sort().join('\n');
      assert.equal(await anchors(manager), both);
      assert.deepEqual(await manager.get('file-root:/r.pem', never), items['file-root:/r.pem']);
    });

    it('passes on their changes and who is not asked for any more', async () => {
      const source = fileSource({ 'file-cert:c~k': inFile });
      const { manager, changes } = makeManager({}, source);

      source.change('file-cert:c~k');
      manager.release('file-cert:c~k');
      await manager.close();

      assert.deepEqual(changes, ['file-cert:c~k']);
      assert.deepEqual(source.released, ['file-cert:c~k']);
      assert.equal(source.listeners.size, 0);
    });
  });

  describe('without a CA', () => {
    it('names what it lacks, refuses unknown names and rotations, and waits', async () => {
      const { manager, run } = makeManager({}, { ca: undefined });
      run();

      await assert.rejects(manager.get('default', never), {
        message: 'failed to generate workload certificate: attempted to fetch secret, but ca client is nil',
      });
      await assert.rejects(manager.get('foo', never), { message: 'unknown resource' });
      await assert.rejects(manager.rotateNow(), /not signed by this agent/);
      assert.equal(manager.facts().source, 'files');
    });
  });

  it('names the revocation list with all trust anchors, and tells when it appears', async () => {
    const paths: string[] = [];
    const listeners: (() => void)[] = [];
    const crl = {
      path: async () => paths[0],
      onChange: (listener: () => void) => {
        listeners.push(listener);
        return () => undefined;
      },
    };
    const { manager, changes } = makeManager({}, { crl });
    const before = await manager.get('ROOTCA', never);
    await manager.get('default', never);
    changes.length = 0;

    paths.push('/crl.pem');
    for (const listener of listeners) listener();

    assert.ok(!('crlPath' in before));
    assert.deepEqual(await manager.get('ROOTCA', never), { ...before, crlPath: '/crl.pem' });
    assert.deepEqual(changes, ['ROOTCA']);
  });

  describe('told about', () => {
    it('names serial and times, and never the key', async () => {
      const { manager, records } = makeManager();

      const item = await workload(manager);
      const facts = manager.facts();

      const leaf = new X509Certificate(item.certificateChainPem);
      assert.equal(facts.serial, leaf.serialNumber);
      assert.equal(facts.notAfterMs, leaf.validToDate.getTime());
      assert.equal(facts.nextRotationMs, clock.now() + HOUR_MS / 2);
      assert.deepEqual(facts.uris, ['spiffe://test.example/ns/shop/sa/cart']);
      assert.ok(!JSON.stringify([facts, records]).includes('PRIVATE KEY'));
    });

    it('logs a new certificate with its life', async () => {
      const { manager, records } = makeManager();

      await workload(manager);

      const record = records.find(({ message }) => message === 'generated new workload certificate');
      assert.equal(record?.fields.resourceName, 'default');
      assert.equal(record?.fields.ttl, '1h0m0s');
    });
  });

  it('closes twice, and a request under way ends', async () => {
    const { manager, ca } = makeManager();
    ca.signCsr = async (_csr, _ttlSeconds, signal) => {
      await aborted(signal);
      throw signal.reason;
    };
    const asked = manager.get('default', never);
    asked.catch(() => undefined);

    await manager.close();
    await manager.close();

    await assert.rejects(asked, /the secret manager is closed/);
  });
});
