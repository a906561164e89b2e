// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { SecretError } from '../../../src/security/secret-item.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { issuePair, makeAuthority, type PemPair } from '../authority.ts';
import { turns, until } from '../progress.ts';
import { FileWorld, type GivenFiles } from './file-world.ts';

const EXPIRED = { notBeforeMs: Date.UTC(2019, 3, 12), notAfterMs: Date.UTC(2020, 3, 12) };

/** The workload's own names, and those a listener gives the same files. */
const NAMES = [
  { pair: 'default', root: 'ROOTCA' },
  { pair: 'file-cert:etc/certs/cert-chain.pem~etc/certs/key.pem', root: 'file-root:etc/certs/root-cert.pem' },
];

describe('FileSecrets', () => {
  let first: PemPair;
  let second: PemPair;
  let firstRoot: string;
  let secondRoot: string;
  before(async () => {
    const authority = await makeAuthority('first');
    firstRoot = authority.rootPem;
    secondRoot = (await makeAuthority('second')).rootPem;
    first = await issuePair(authority, ['spiffe://td/ns/a/sa/b'], EXPIRED);
    second = await issuePair(authority, ['spiffe://td/ns/a/sa/b']);
  });

  async function world(given?: GivenFiles): Promise<FileWorld> {
    const made = await FileWorld.create(given);
    await put(made, first);
    await made.replace('etc/certs/root-cert.pem', firstRoot);
    return made;
  }

  async function put(to: FileWorld, { chainPem, keyPem }: PemPair): Promise<void> {
    await to.replace('etc/certs/cert-chain.pem', chainPem);
    await to.replace('etc/certs/key.pem', keyPem);
  }

  for (const { pair, root } of NAMES) {
    describe(`as ${pair} and ${root}`, () => {
      it('33: serves what the files hold, expired or not, and tells of nothing', async () => {
        await using files = await world();
        const signal = new AbortController().signal;

        const item = await files.secrets.get(pair, signal);

        deepEqual(item, {
          kind: 'certificate',
          name: pair,
          certificateChainPem: first.chainPem,
          privateKeyPem: first.keyPem,
        });
        deepEqual(await files.secrets.get(root, signal), { kind: 'trust', name: root, rootPem: firstRoot });
        equal(await files.served(pair), first.chainPem);
        deepEqual(files.changes, []);
        equal(
          files.recorded.records.find(({ message }) => message === 'read certificate from file')?.fields[
            'resource'
          ],
          pair,
        );
      });

      it('34: tells once of chain and key that were replaced, and serves the new pair', async () => {
        await using files = await world();
        await files.served(pair);
        await files.watching(1);

        await put(files, second);
        await files.untilChanges(1);

        equal(await files.served(pair), second.chainPem);
        deepEqual(files.changes, [pair]);
      });

      it('35: does not tell of a key replaced by the same bytes', async () => {
        await using files = await world();
        await files.served(pair);
        await files.served(root);
        await files.watching(1);

        await files.replace('etc/certs/key.pem', first.keyPem);
        await files.replace('etc/certs/root-cert.pem', secondRoot);
        await files.untilChanges(1);
        await turns();

        deepEqual(files.changes, [root]);
      });

      it('tells of a key alone that is replaced by another form of itself', async () => {
        await using files = await world();
        await files.served(pair);
        await files.watching(1);

        await files.replace('etc/certs/key.pem', `a note\n${first.keyPem}`);
        await files.untilChanges(1);

        deepEqual(files.changes, [pair]);
      });

      it('36: tells of a root that is replaced, and of one that comes back with other content', async () => {
        await using files = await world();
        await files.served(pair);
        await files.served(root);
        await files.watching(1);

        await files.replace('etc/certs/root-cert.pem', secondRoot);
        await files.untilChanges(1);
        equal(await files.served(root), secondRoot);

        await files.remove('etc/certs/root-cert.pem');
        await files.replace('etc/certs/root-cert.pem', firstRoot);
        await files.untilChanges(2);
        equal(await files.served(root), firstRoot);
        deepEqual(files.changes, [root, root]);
      });
    });
  }

  it('37: fails for missing files when the time is over, counts it, and watches nothing', async () => {
    await using files = await FileWorld.create({ limitMs: 1 });
    const deadline = 'context deadline exceeded with last error: open';

    for (const [name, path] of [
      ['file-cert:/none/c.pem~/none/k.pem', '/none/c.pem'],
      ['file-root:/none/r.pem', '/none/r.pem'],
    ] as const) {
      await rejects(files.served(name), (error) => {
        equal(
          error instanceof SecretError && error.message,
          `${deadline} ${path}: no such file or directory`,
        );
        return true;
      });
    }

    equal(files.secretFailures, 2);
    deepEqual(files.changes, []);
    equal(files.directories.size, 0);
    const complaints = files.recorded.messages('warn');
    match(complaints.join('\n'), /resource:file-root:\/none\/r.pem failed to generate secret/);
    await rejects(files.served('file-cert:/none/c.pem~/none/k.pem'));
    deepEqual(files.recorded.messages('warn'), complaints, 'the same is said again');
  });

  it('39: has no workload secrets while one of their files is missing or empty', async () => {
    await using files = await world();
    await files.replace('etc/certs/key.pem', '');
    await files.remove('etc/certs/root-cert.pem');

    deepEqual([await files.served('default'), await files.served('ROOTCA')], [undefined, undefined]);
    await files.replace('etc/certs/key.pem', first.keyPem);
    equal(await files.served('default'), first.chainPem);
  });

  it('has no workload secrets where this agent writes them itself', async () => {
    await using files = await world({ own: undefined });

    deepEqual([await files.served('default'), await files.served('ROOTCA')], [undefined, undefined]);
  });

  it("40: serves the system's bundle under a name of its own", async () => {
    await using files = await world();
    const bundle = join(files.path, 'etc/certs/root-cert.pem');
    await using system = await FileWorld.create({ systemBundle: bundle });

    equal(await system.served('file-root:system'), await system.served(`file-root:${bundle}`));
    await rejects(files.served('file-root:system'), /OS CA Cert could not be found for agent/);
  });

  it('41: watches a directory once, however its path is written', async () => {
    await using files = await world();
    await files.served('file-root:etc/certs/root-cert.pem');
    await files.served('file-root:etc/../etc/certs/root-cert.pem');
    await files.served(`file-root:${files.path}/etc/certs/root-cert.pem`);
    await files.watching(1);

    await files.replace('etc/certs/root-cert.pem', secondRoot);
    await files.untilChanges(3);

    equal(files.directories.size, 1);
    equal(new Set(files.changes).size, 3);
    match(
      files.recorded.messages('info').join('\n'),
      new RegExp(`adding watcher for file certificate ${files.path}/etc/certs/root-cert.pem`),
    );
  });

  it('knows nothing of names that tell no path', async () => {
    await using files = await world();

    for (const name of [
      'file-root:',
      'file-cert:~',
      'file-cert:c~',
      'file-cert:~k',
      'foo',
      'kubernetes://x',
    ]) {
      equal(await files.served(name), undefined);
    }
  });

  describe('with files that cannot be used', () => {
    it('serves what it read last, warns once, and takes what comes then', async () => {
      await using files = await world();
      await files.served('default');
      await files.remove('etc/certs/cert-chain.pem');

      equal(await files.served('default'), first.chainPem);
      equal(await files.served('default'), first.chainPem);
      equal(files.secretFailures, 0);
      equal(files.recorded.messages('warn').length, 1);
      match(
        files.recorded.messages('warn')[0] ?? '',
        /cert-chain.pem cannot be used, its last content stays: open/,
      );

      await put(files, second);
      equal(await files.served('default'), second.chainPem);
      deepEqual(files.changes, ['default']);
    });

    it('keeps the last pair until chain and key belong together', async () => {
      await using files = await world();
      await files.served('default');

      await files.replace('etc/certs/cert-chain.pem', second.chainPem);
      equal(await files.served('default'), first.chainPem);
      await files.replace('etc/certs/key.pem', second.keyPem);
      equal(await files.served('default'), second.chainPem);

      deepEqual(files.changes, ['default']);
    });

    it('keeps the last bundle when half a file replaces it', async () => {
      await using files = await world();
      await files.served('ROOTCA');

      await files.replace('etc/certs/root-cert.pem', secondRoot.slice(0, 200));

      equal(await files.served('ROOTCA'), firstRoot);
      match(
        files.recorded.messages('warn')[0] ?? '',
        /failed to parse root certs from file .*: malformed PEM/,
      );
    });

    it('tells of what is left out of a bundle once', async () => {
      await using files = await world();
      const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
      await files.replace('etc/certs/root-cert.pem', `${broken}${firstRoot}`);

      equal(await files.served('ROOTCA'), firstRoot);
      await files.served('ROOTCA');

      deepEqual(files.recorded.messages('error'), [
        `failed to parse some certs from file ${files.path}/etc/certs/root-cert.pem: not an X.509 certificate`,
      ]);
    });

    it('tries a first request again, soon and then less often, for ten seconds', async () => {
      const clock = new FakeClock();
      await using files = await FileWorld.create({ clock });
      const failed = rejects(files.served('file-root:r.pem'), /context deadline exceeded/);

      await until(() => clock.sleepers === 2);
      await clock.tick(151);
      await until(() => clock.sleepers === 2);
      await clock.tick(9_848);
      equal(files.secretFailures, 0);
      await clock.tick(1);

      await failed;
      equal(files.secretFailures, 1);
      equal(clock.sleepers, 0);
    });

    it('serves them as soon as they are there', async () => {
      const clock = new FakeClock();
      await using files = await FileWorld.create({ clock, retryMs: 100 });
      const served = files.served('file-root:r.pem');
      await until(() => clock.sleepers === 2);

      await files.replace('r.pem', firstRoot);
      await clock.tick(150);

      equal(await served, firstRoot);
      equal(files.secretFailures, 0);
    });

    it('ends the wait with the signal, which is no failure of the files', async () => {
      const clock = new FakeClock();
      await using files = await FileWorld.create({ clock });
      const gone = new AbortController();
      const served = files.served('file-root:r.pem', gone.signal);
      await until(() => clock.sleepers === 2);

      gone.abort(new Error('the stream is over'));

      await rejects(served, /the stream is over/);
      equal(files.secretFailures, 0);
      equal(clock.sleepers, 0);
    });
  });

  describe('that nobody asks for any more', () => {
    it('are not watched', async () => {
      await using files = await world();
      for (const name of ['default', 'ROOTCA']) await files.served(name);
      await until(() => files.directories.size === 1);

      files.secrets.release('default');
      await turns();
      equal(files.directories.size, 1);
      files.secrets.release('ROOTCA');
      await until(() => files.directories.size === 0);

      await put(files, second);
      equal(await files.served('default'), second.chainPem);
      deepEqual(files.changes, []);
    });

    it('are not watched when that was so before they were read', async () => {
      await using files = await world();
      const gone = new AbortController();

      const served = files.served('default', gone.signal);
      gone.abort(new Error('the stream is over'));

      await rejects(served, /the stream is over/);
      equal(files.directories.size, 0);
    });
  });

  it('ends all watches when it is closed, twice if need be', async () => {
    await using files = await world();
    await mkdir(join(files.path, 'other'));
    await files.served('default');
    await files.served('ROOTCA');

    await files.secrets.close();
    await files.secrets.close();

    equal(files.directories.size, 0);
  });
});
