// The secret manager and the files it writes together, with real certificates.
// Numbers before titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { OutputCerts } from '../../src/security/output-certs.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { makeAuthority, type Authority } from './authority.ts';
import { managed, type Managed } from './managed.ts';
import { until } from './progress.ts';

const HOUR_MS = 3_600_000;

describe('written certificates', () => {
  let authority: Authority;
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let test: Managed;
  let output: OutputCerts;

  before(async () => {
    authority = await makeAuthority();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock();
    const { log } = recordingLog();
    output = new OutputCerts({ directory: directory.path, mode: 0o600 }, { clock, log });
    test = managed(authority, clock, {}, { output });
  });

  afterEach(async () => {
    await test[Symbol.asyncDispose]();
    await directory.remove();
  });

  const content = (name: string): Promise<string> => readFile(join(directory.path, name), 'utf8');

  async function leaf(): Promise<X509Certificate> {
    const certificate = new X509Certificate(await content('cert-chain.pem'));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(await content('key.pem'))));
    return certificate;
  }

  it('29: are a pair and its anchors, without anybody asking', async () => {
    await test.run();
    await output.write({});

    const certificate = await leaf();

    assert.deepEqual((await readdir(directory.path)).sort(), ['cert-chain.pem', 'key.pem', 'root-cert.pem']);
    assert.equal(certificate.subjectAltName, 'URI:spiffe://test.example/ns/shop/sa/cart');
    assert.equal(await content('root-cert.pem'), authority.rootPem.trimEnd());
  });

  it('30, 31: are new ones after every rotation, with no stream, and never come back as a source', async () => {
    await test.run();
    const serials = new Set<string>();

    for (let count = 1; count <= 5; count++) {
      await output.write({});
      serials.add((await leaf()).serialNumber);
      await clock.tick(HOUR_MS / 2);
      await until(() => test.ca.requests === count + 1);
      await until(() => test.manager.facts().rotations.success === count);
    }

    assert.equal(serials.size, 5);
    assert.equal(test.manager.facts().source, 'ca');
  });

  it('show the anchors that are served, also after those from elsewhere have changed', async () => {
    const other = await makeAuthority('other.example');
    await test.run();

    test.manager.setExtraAnchors([other.rootPem]);
    await until(() => test.changes.includes('default'));
    await output.write({});

    assert.equal(await content('root-cert.pem'), await test.anchors());
    assert.equal((await content('root-cert.pem')).match(/BEGIN/g)?.length, 2);
  });
});
