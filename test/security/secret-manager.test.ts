// Numbers before titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';

import type { SecretManagerDeps } from '../../src/security/secret-manager.ts';
import type { FileSecretSource } from '../../src/security/secret-peers.ts';
import { SecretError, type SecretItem } from '../../src/security/secret-item.ts';
import { issuePair } from './authority.ts';
import { managedWorld, type Managed } from './managed.ts';
import { turns, until } from './progress.ts';

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

/** Files as an object that a test changes. */
function fileSource(items: Record<string, SecretItem | SecretError | undefined>) {
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

const inFile: SecretItem = {
  kind: 'certificate',
  name: 'default',
  certificateChainPem: 'chain in a file',
  privateKeyPem: 'key in a file',
};

describe('SecretManager', () => {
  const world = managedWorld();
  const make = (deps?: Partial<SecretManagerDeps>): Managed => world.make({}, deps);

  const both = (): string =>
    [world.first.rootPem.trimEnd(), world.second.rootPem.trimEnd()].sort().join('\n');

  for (const name of ['kubernetes://x', 'foo', 'file-root:', 'file-cert:~', '']) {
    it(`refuses ${JSON.stringify(name)}, which means nothing here, and asks nobody`, async () => {
      const { manager, ca } = make();

      await assert.rejects(manager.get(name, never), { message: 'unknown resource' });
      assert.equal(ca.requests, 0);
    });
  }

  describe('with files', () => {
    it('serves them before the CA is asked, and says so', async () => {
      const { manager, ca } = make(fileSource({ default: inFile }));

      assert.deepEqual(await manager.get('default', never), inFile);

      assert.equal(ca.requests, 0);
      assert.equal(manager.facts().source, 'files');
      await assert.rejects(manager.rotateNow(), /not signed by this agent/);
    });

    it('asks the CA for what no file holds', async () => {
      const { manager, ca, anchors, written } = make(fileSource({ default: inFile }));
      await manager.get('default', never);

      assert.equal(await anchors(), world.first.rootPem.trimEnd());

      assert.equal(ca.requests, 1);
      assert.deepEqual(written, [
        { key: 'key in a file', chain: 'chain in a file' },
        { anchors: world.first.rootPem.trimEnd() },
        { anchors: world.first.rootPem.trimEnd() },
      ]);
    });

    it('passes on why a file cannot be used, and asks nobody else', async () => {
      const { manager, ca } = make(fileSource({ default: new SecretError('half a file') }));

      await assert.rejects(manager.get('default', never), { message: 'half a file' });

      assert.equal(ca.requests, 0);
    });

    for (const item of [inFile, new SecretError('half a file')]) {
      it(`signs nothing by itself while ${item instanceof SecretError ? 'a bad' : 'a good'} file stands`, async () => {
        const { ca, manager } = make(fileSource({ default: item }));
        const stop = new AbortController();
        const running = manager.run(stop.signal);

        await world.clock.tick(24 * HOUR_MS);
        await turns();

        assert.equal(ca.requests, 0);
        stop.abort();
        await running;
      });
    }

    it('signs for whoever asks once the file is gone, and keeps that fresh', async () => {
      const items: Record<string, SecretItem | undefined> = { default: inFile };
      const test = make(fileSource(items));
      const stop = new AbortController();
      const running = test.manager.run(stop.signal);
      await test.manager.get('default', never);

      items.default = undefined;
      await test.workload();
      assert.equal(test.manager.facts().source, 'ca');
      await world.clock.tick(HOUR_MS / 2);
      await until(() => test.ca.requests === 2);

      stop.abort();
      await running;
    });

    it('writes them and what becomes of them, though no stream asks', async () => {
      const root = (rootPem: string): SecretItem => ({ kind: 'trust', name: 'ROOTCA', rootPem });
      const items: Record<string, SecretItem> = { default: inFile, ROOTCA: root(world.first.rootPem) };
      const source = fileSource(items);
      const test = make({ ...source, ca: undefined });
      await test.run();
      await until(() => test.written.length === 2);

      test.manager.release('default'); // the last stream has gone
      items.default = { ...inFile, privateKeyPem: 'another key', certificateChainPem: 'another chain' };
      source.change('default');
      await until(() => test.written.length === 3);
      test.manager.setExtraAnchors([world.second.rootPem]);
      await until(() => test.written.length === 4);

      assert.deepEqual(test.written.slice(2), [
        { key: 'another key', chain: 'another chain' },
        { anchors: both() },
      ]);
      assert.deepEqual(source.released, []);
    });

    it('writes them once they are there, though no stream asks', async () => {
      const items: Record<string, SecretItem | SecretError | undefined> = {};
      const test = make({ ...fileSource(items), ca: undefined });
      await test.run();
      await turns();

      items.default = new SecretError('half a file');
      await world.clock.tick(30_000);
      assert.deepEqual(test.written, []);
      items.default = inFile;
      await world.clock.tick(30_000);

      assert.deepEqual(test.written, [{ key: 'key in a file', chain: 'chain in a file' }]);
    });

    it('28: merges ROOTCA of a file with the extra anchors, and no file-root: name', async () => {
      const trust = (name: string): SecretItem => ({ kind: 'trust', name, rootPem: world.first.rootPem });
      const items = { ROOTCA: trust('ROOTCA'), 'file-root:/r.pem': trust('file-root:/r.pem') };
      const { manager, anchors, written } = make({ ...fileSource(items), ca: undefined });

      manager.setExtraAnchors([world.second.rootPem]);

      assert.equal(await anchors(), both());
      assert.deepEqual(await manager.get('file-root:/r.pem', never), items['file-root:/r.pem']);
      assert.deepEqual(written, [{ anchors: both() }]);
    });

    it('28: tells of ROOTCA of a file when the extra anchors change', async () => {
      const item: SecretItem = { kind: 'trust', name: 'ROOTCA', rootPem: world.first.rootPem };
      const { manager, anchors, changes } = make({ ...fileSource({ ROOTCA: item }), ca: undefined });
      await anchors();

      manager.setExtraAnchors([world.second.rootPem]);

      assert.deepEqual(changes, ['ROOTCA']);
    });

    it('passes on their changes and who is not asked for any more, and listens to the end', async () => {
      const source = fileSource({ 'file-cert:c~k': { ...inFile, name: 'file-cert:c~k' } });
      const { manager, changes } = make(source);
      await manager.get('file-cert:c~k', never);
      assert.deepEqual(
        manager.facts().secrets.map(({ name, source: from }) => [name, from]),
        [['file-cert:c~k', 'files']],
      );

      source.change('file-cert:c~k');
      manager.release('file-cert:c~k');
      assert.deepEqual(manager.facts().secrets, []);
      await manager.close();

      assert.deepEqual(changes, ['file-cert:c~k']);
      assert.deepEqual(source.released, ['file-cert:c~k']);
      assert.equal(source.listeners.size, 0);
    });
  });

  it('without a CA names what it lacks, refuses rotations, and waits', async () => {
    const { manager, workload, run } = make({ ca: undefined });
    await run();

    await assert.rejects(workload(), {
      message: 'failed to generate workload certificate: attempted to fetch secret, but ca client is nil',
    });
    await assert.rejects(manager.get('foo', never), { message: 'unknown resource' });
    await assert.rejects(manager.rotateNow(), /not signed by this agent/);
    assert.equal(manager.facts().source, 'files');
  });

  it('names the revocation list with all trust anchors, and tells when it appears', async () => {
    const paths: string[] = [];
    const listeners: (() => void)[] = [];
    const onChange = (listener: () => void): (() => void) => {
      listeners.push(listener);
      return () => undefined;
    };
    const item: SecretItem = { kind: 'trust', name: 'file-root:/r.pem', rootPem: world.second.rootPem };
    const { files } = fileSource({ [item.name]: item });
    const { manager, changes, workload } = make({ files, crl: { path: async () => paths[0], onChange } });
    const before = await manager.get('ROOTCA', never);
    await manager.get(item.name, never);
    await workload();
    changes.length = 0;

    paths.push('/crl.pem');
    for (const listener of listeners) listener();

    assert.ok(!('crlPath' in before));
    assert.deepEqual(await manager.get('ROOTCA', never), { ...before, crlPath: '/crl.pem' });
    assert.deepEqual(await manager.get(item.name, never), { ...item, crlPath: '/crl.pem' });
    assert.deepEqual(changes, ['ROOTCA', item.name]);
  });

  it('tells of every secret in use whose it is, and of default the times', async () => {
    const pair = await issuePair(world.second, ['spiffe://other/ns/a/sa/b']);
    const item: SecretItem = {
      kind: 'certificate',
      name: 'file-cert:c~k',
      certificateChainPem: pair.chainPem,
      privateKeyPem: pair.keyPem,
    };
    const { manager, workload } = make(fileSource({ [item.name]: item }));
    const { certificateChainPem } = await workload();
    await manager.get(item.name, never);

    const facts = manager.facts();

    const leaf = new X509Certificate(certificateChainPem);
    assert.deepEqual(
      facts.secrets.map(({ name, source, certificates }) => [name, source, certificates[0]?.sans]),
      [
        ['default', 'ca', 'URI:spiffe://test.example/ns/shop/sa/cart'],
        ['ROOTCA', 'ca', ''],
        ['file-cert:c~k', 'files', 'URI:spiffe://other/ns/a/sa/b'],
      ],
    );
    assert.equal(facts.secrets[0]?.certificates[0]?.fingerprint, leaf.fingerprint256);
    assert.equal(facts.serial, leaf.serialNumber);
    assert.equal(facts.notAfterMs, leaf.validToDate.getTime());
    assert.equal(facts.nextRotationMs, world.clock.now() + HOUR_MS / 2);
    assert.equal(facts.lastSuccessMs, world.clock.now());
    assert.deepEqual(facts.uris, ['spiffe://test.example/ns/shop/sa/cart']);
  });
});
