import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { loadMessages } from '../../../src/proto/messages.ts';
import { ConfigError } from '../../../src/runtime/errors.ts';
import { openCa, type CaOptions, type CaProviders } from '../../../src/security/ca/providers.ts';
import type { CaRootProvider } from '../../../src/security/upstream/control-plane.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentMeter } from '../../support/silent-meter.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { authorityOf, makeAuthority } from '../authority.ts';
import { startCaServer } from '../ca-server.ts';
import { controlPlaneSettings } from '../control-plane-settings.ts';

const { signal } = new AbortController();

describe('openCa', () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => directory.remove());

  function makeOptions(caProvider: string, caAddress = 'ca.example:1') {
    const { log, messages: logged } = recordingLog();
    const settings = controlPlaneSettings({ workingDirectory: directory.path, caProvider, caAddress });
    const token = { read: async () => 'token', expiresMs: undefined, run: async () => undefined };
    const common = { clock: new FakeClock(Date.now()), random: () => 0.5, log, meter: silentMeter() };
    const deps = { token, messages: async () => loadMessages(), ...common };
    const options: CaOptions = { settings: { ...settings, certSigner: '' }, deps };
    return { options, logged };
  }

  const noRoots: CaRootProvider = {
    findRoot: () => Promise.reject(new Error('not asked')),
    clientCertificate: undefined,
  };

  it('gives a client of the CA the settings name, with the roots it is given', async () => {
    const authority = await makeAuthority();
    await writeFile(join(directory.path, 'root.pem'), authority.rootPem);
    await using server = await startCaServer({
      authority,
      names: ['127.0.0.1'],
      answer: () => ['leaf', 'root'],
    });
    const { options, logged } = makeOptions('Citadel', `127.0.0.1:${server.port}`);
    const root = { kind: 'file', path: join(directory.path, 'root.pem'), name: 'root.pem' } as const;

    const ca = await openCa(options, { findRoot: async () => root, clientCertificate: undefined });
    const answer = await ca.signCsr('x', 1, signal);

    assert.deepEqual(answer, ['leaf', 'root']);
    assert.deepEqual(await ca.rootBundle(signal), []);
    assert.equal(logged('info')[0], `CA Endpoint 127.0.0.1:${server.port}, provider Citadel`);
    await ca.close();
  });

  it('asks the factory of another kind, with options and roots', async () => {
    const mine = authorityOf(async () => ['mine', 'root']);
    const asked: unknown[] = [];
    const providers: CaProviders = new Map([['Mine', async (...given) => (asked.push(given), mine)]]);
    const { options } = makeOptions('Mine');

    assert.equal(await openCa(options, noRoots, providers), mine);
    assert.deepEqual(asked, [[options, noRoots]]);
  });

  for (const name of ['GoogleCA', '', 'citadel', 'constructor']) {
    it(`refuses ${JSON.stringify(name)} in the words of the reference`, async () => {
      await assert.rejects(openCa(makeOptions(name).options, noRoots), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(
          error.message,
          'failed to start default Istio SDS server: failed to start workload secret manager ' +
            `CA provider "${name}" not registered`,
        );
        return true;
      });
    });
  }
});
