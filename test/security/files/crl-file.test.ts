// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal, throws } from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  bitString,
  childrenOf,
  decodeDer,
  encodeDer,
  integer,
  objectId,
  sequence,
  time,
  type Der,
} from '../../../src/pki/der.ts';
import { formatPem } from '../../../src/pki/pem.ts';
import { signed } from '../../../src/pki/signature.ts';
import { CauseLog } from '../../../src/runtime/cause-log.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { watchDirectory } from '../../../src/runtime/watch.ts';
import { checkCrls } from '../../../src/security/files/crl.ts';
import { CrlFile } from '../../../src/security/files/crl-file.ts';
import { DirectoryWatches } from '../../../src/security/files/directory-watches.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { makeAuthority, type Authority } from '../authority.ts';
import { until } from '../progress.ts';

const LABEL = 'X509 CRL';
const ALGORITHM = sequence(objectId('1.2.840.10045.4.3.2'));

/** A list of nothing in that name; by default nobody's, and not signed. */
function list(number: number, issuer = sequence()): string {
  const content = sequence(integer(1), ALGORITHM, issuer, time(number * 1000));
  return formatPem({ label: LABEL, der: encodeDer(sequence(content, ALGORITHM, bitString(Buffer.of(1)))) });
}

/** A list in the name of `named` that `signer` has signed. */
async function signedList(named: Authority, signer: Authority): Promise<string> {
  const content = sequence(integer(1), ALGORITHM, subjectOf(named), time(Date.now()));
  return formatPem({ label: LABEL, der: await signed(content, signer.issuer.privateKey) });
}

function subjectOf({ issuer }: Authority): Der {
  const fields = childrenOf(childrenOf(decodeDer(issuer.certificate.raw))[0]);
  return sequence(...childrenOf(fields[5]));
}

describe('checkCrls', () => {
  it('takes one list or several', () => {
    checkCrls(list(1), []);
    checkCrls(`# text\n${list(1)}${list(2)}`, []);
  });

  it('refuses what is none', () => {
    const nameless = sequence(sequence(integer(1), ALGORITHM), ALGORITHM, bitString(Buffer.of(1)));
    const four = sequence(sequence(ALGORITHM, sequence()), ALGORITHM, bitString(Buffer.of(1)), integer(1));
    for (const text of [
      '',
      list(1).replaceAll(LABEL, 'CERTIFICATE'),
      list(1) + formatPem({ label: LABEL, der: Buffer.from('broken') }),
      formatPem({ label: LABEL, der: encodeDer(sequence(integer(1))) }),
      formatPem({ label: LABEL, der: encodeDer(nameless) }),
      formatPem({ label: LABEL, der: encodeDer(four) }),
    ]) {
      throws(() => checkCrls(text, []), { name: /^(PemError|DerError)$/ });
    }
  });

  it('refuses a list in the name of a known CA that another has signed', async () => {
    const [known, impostor, stranger] = [
      await makeAuthority('known'),
      await makeAuthority('known'),
      await makeAuthority('stranger'),
    ];
    const issuers = [known.issuer.certificate];

    checkCrls(await signedList(known, known), issuers);
    checkCrls(await signedList(stranger, stranger), issuers);
    checkCrls(await signedList(impostor, impostor), [...issuers, impostor.issuer.certificate]);
    throws(() => checkCrls(list(1, subjectOf(known)), issuers), /not signed by the CA that it names/);
    const forged = await signedList(known, impostor);
    throws(() => checkCrls(forged, issuers), /not signed by the CA that it names/);
  });
});

describe('CrlFile', () => {
  let folder: TemporaryDirectory;
  let path: string;
  let directories: DirectoryWatches;
  let crl: CrlFile;
  let changes: number;
  let recorded: RecordingLog;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    path = join(folder.path, 'crl/ca-crl.pem');
    recorded = recordingLog();
    const { log } = recorded;
    const meter = { watchFailed: (): void => undefined };
    directories = new DirectoryWatches({ watchDirectory, meter, faults: new CauseLog(log) });
    const deps = { directories, clock: systemClock(), random: Math.random, log };
    crl = new CrlFile({ path, pollMs: 0 }, deps);
    changes = 0;
    crl.onChange(() => (changes += 1));
    await mkdir(join(folder.path, 'crl'));
  });
  afterEach(async () => {
    await crl.close();
    await directories.close();
    await folder.remove();
  });

  async function put(content: string): Promise<void> {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  }

  it('79: gives the path while there is a list', async () => {
    equal(await crl.path(), undefined);

    await put(list(1));

    equal(await crl.path(), path);
  });

  it('tells when the list appears and when it goes, and not when it is replaced', async () => {
    equal(await crl.path(), undefined);

    await put(list(1));
    await until(() => changes === 1);
    await put(list(2));
    equal(await crl.path(), path);
    await rm(path);
    await until(() => changes === 2);

    equal(await crl.path(), undefined);
    equal(changes, 2);
  });

  it('leaves out what is no list, and says so once', async () => {
    await put('half a list');

    equal(await crl.path(), undefined);
    equal(await crl.path(), undefined);

    deepEqual(recorded.messages('error'), [
      `revocation list ${path} cannot be used: no revocation list found`,
    ]);
  });

  it('keeps a list that was good when something else replaces it', async () => {
    await put(list(1));
    await crl.path();

    await put('half a list');

    equal(await crl.path(), path);
    equal(changes, 1);
  });

  it('79: leaves out a list that the anchors did not sign, until they are others', async () => {
    const [known, next] = [await makeAuthority('mesh'), await makeAuthority('mesh')];
    await put(await signedList(next, next));

    equal(await crl.path(known.rootPem), undefined);
    equal(await crl.path(), undefined);
    equal(await crl.path(known.rootPem + next.rootPem), path);

    deepEqual(recorded.messages('error'), [
      `revocation list ${path} cannot be used: a revocation list is not signed by the CA that it names`,
    ]);
    equal(changes, 1);
  });

  it('watches nothing without the directory of the mount', async () => {
    await rm(join(folder.path, 'crl'), { recursive: true });

    equal(await crl.path(), undefined);

    equal(directories.size, 0);
  });

  it('is told to nobody who does not listen any more', async () => {
    let told = 0;
    crl.onChange(() => (told += 1))();

    await put(list(1));
    await crl.path();

    equal(told, 0);
  });
});
