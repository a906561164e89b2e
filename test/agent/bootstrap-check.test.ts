import { deepEqual, rejects } from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { AgentConfig } from '../../src/config/agent-config.ts';
import { UNKNOWN_PLATFORM, type Platform } from '../../src/node/platform/platform.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import type { GivenConfig } from './support/agent-config.ts';
import { configIn, writerOf, writerOn, written } from './support/bootstrap-writing.ts';

describe('BootstrapWriter ahead of the first launch', () => {
  let folder: TemporaryDirectory;
  beforeEach(async () => {
    folder = await temporaryDirectory();
  });
  afterEach(() => folder.remove());

  const config = (given?: GivenConfig, adminPort?: number): Promise<AgentConfig> =>
    configIn(folder.path, given, adminPort);

  it('finds what no Envoy could be started with, and writes nothing for that', async () => {
    const writer = writerOf();
    const missing = { customConfigFile: join(folder.path, 'custom.json') };

    await writer.check(await config());

    await rejects(
      writer.check(await config({ env: { ISTIO_META_POD_PORTS: '{]' } })),
      /ISTIO_META_POD_PORTS/,
    );
    await rejects(writer.check(await config({ proxyConfig: missing })), /custom\.json/);
    deepEqual(await readdir(folder.path), []);
  });

  it('refuses an addition that is too long before anything is started', async () => {
    const file = join(folder.path, 'override.json');
    await writeFile(file, JSON.stringify({ a: 'x'.repeat(131_072) }));
    const long = await config({ env: { ISTIO_BOOTSTRAP_OVERRIDE: file } });

    await rejects(writerOf(long).check(long), /131\d+ bytes of JSON/);
  });

  it('checks a configuration without writing', async () => {
    const bad = await config({ env: { ISTIO_BOOTSTRAP: join(folder.path, 'none.json') } });

    await writerOf().check(await config());
    await rejects(writerOf().check(bad), /none\.json/);

    deepEqual(await readdir(folder.path), []);
  });

  it('starts the first Envoy from what was checked, and later ones from what is there then', async () => {
    const template = join(folder.path, 'mine.json');
    await writeFile(template, '{ "admin": {} }');
    const same = await config({ env: { ISTIO_BOOTSTRAP: template } });
    const writer = writerOf(same);
    await writer.check(same);
    await writeFile(template, '{ "node": {} }');

    const [first, second] = [
      await written(writer, { generation: 0 }),
      await written(writer, { epoch: 1, generation: 1 }),
    ];

    deepEqual(JSON.parse(await readFile(first, 'utf8')), { admin: {} });
    deepEqual(JSON.parse(await readFile(second, 'utf8')), { node: {} });
  });

  describe('while the platform is still asked', () => {
    const gcp: Platform = {
      ...UNKNOWN_PLATFORM,
      metadata: { gcp_project: 'p-1' },
      locality: { region: 'r' },
    };
    const tracing = { proxyConfig: { tracing: { stackdriver: {} } } };

    it('checks all that the answer cannot mend', async () => {
      const pending = new Promise<Platform>(() => undefined);
      const bad = await config({ env: { ISTIO_BOOTSTRAP: join(folder.path, 'none.json') } });

      await writerOn(pending).check(await config());
      await writerOn(pending).check(await config(tracing));
      await rejects(writerOn(pending).check(bad), /none\.json/);
    });

    it('writes what the answer says', async () => {
      const answer = Promise.withResolvers<Platform>();
      const traced = await config(tracing);
      const writer = writerOn(answer.promise, traced);
      await writer.check(traced);

      const writing = written(writer, { generation: 0 });
      answer.resolve(gcp);

      const { node } = JSON.parse(await readFile(await writing, 'utf8'));
      deepEqual([node.locality, node.metadata.PLATFORM_METADATA], [{ region: 'r' }, { gcp_project: 'p-1' }]);
    });

    it('fails when the answer does not mend it', async () => {
      const traced = await config(tracing);

      await rejects(writerOf(traced).check(traced), /missing GCP Project/);
      await rejects(written(writerOf(traced)), /missing GCP Project/);
      deepEqual(await readdir(folder.path), []);
    });
  });
});
