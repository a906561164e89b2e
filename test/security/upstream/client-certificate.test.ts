import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CauseLog } from '../../../src/runtime/cause-log.ts';
import { readClientCertificate } from '../../../src/security/upstream/client-certificate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { issuePair, makeAuthority, type Authority, type PemPair } from '../authority.ts';

const HOUR_MS = 3_600_000;
const NAMES = ['spiffe://cluster.local/ns/a/sa/b'];

describe('readClientCertificate', () => {
  let authority: Authority;
  let folder: TemporaryDirectory;
  let recorded: RecordingLog;
  before(async () => {
    authority = await makeAuthority();
  });
  beforeEach(async () => {
    folder = await temporaryDirectory();
    recorded = recordingLog();
  });
  afterEach(() => folder.remove());

  const at = (name: string): string => join(folder.path, name);

  async function write({ chainPem, keyPem }: PemPair): Promise<void> {
    await writeFile(at('cert-chain.pem'), chainPem);
    await writeFile(at('key.pem'), keyPem);
  }

  function read(faults = new CauseLog(recorded.log)) {
    const files = { chainPath: at('cert-chain.pem'), keyPath: at('key.pem') };
    return readClientCertificate(files, new FakeClock(Date.now()), faults);
  }

  it('reads the pair that is there now, at every call', async () => {
    const [old, renewed] = [await issuePair(authority, NAMES), await issuePair(authority, NAMES)];
    await write(old);
    const first = await read();

    await write(renewed);
    const second = await read();

    assert.equal(String(first?.chain), old.chainPem);
    assert.equal(String(second?.chain), renewed.chainPem);
    assert.equal(String(second?.key), renewed.keyPem);
    assert.deepEqual(recorded.messages(), []);
  });

  it('is none when the leaf has expired', async () => {
    const validity = { notBeforeMs: Date.now() - 2 * HOUR_MS, notAfterMs: Date.now() - HOUR_MS };
    await write(await issuePair(authority, NAMES, validity));

    assert.equal(await read(), undefined);
    assert.deepEqual(recorded.messages('warn'), ['cert expired, using token instead']);
  });

  it('is missed once while it lasts, and once more the next time', async () => {
    const faults = new CauseLog(recorded.log);
    const pair = await issuePair(authority, NAMES);

    await read(faults);
    await read(faults);
    await write(pair);
    await read(faults);
    await rm(at('cert-chain.pem'));
    await read(faults);

    assert.equal(recorded.messages('warn').length, 2);
  });

  it('is none when the chain is absent or cannot be parsed', async () => {
    assert.equal(await read(), undefined);
    await writeFile(at('cert-chain.pem'), 'no certificate');
    assert.equal(await read(), undefined);

    const [absent, broken] = recorded.messages('warn');
    assert.match(absent ?? '', /^cannot parse the cert chain, using token instead: ENOENT/);
    assert.match(broken ?? '', /^cannot parse the cert chain, using token instead: \w/);
  });

  it('fails when the chain is good and its key is not there', async () => {
    await write(await issuePair(authority, NAMES));
    await rm(at('key.pem'));

    await assert.rejects(read(), { code: 'ENOENT' });
    assert.deepEqual(recorded.messages(), []);
  });
});
