import { deepEqual, equal, notEqual, rejects } from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { BootstrapWriter } from '../../src/agent/bootstrap-writer.ts';
import type { AgentConfig } from '../../src/config/agent-config.ts';
import { UNKNOWN_PLATFORM } from '../../src/node/platform/platform.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import type { GivenConfig } from './support/agent-config.ts';
import { adminPortIn, configIn, loading, writerOf, written } from './support/bootstrap-writing.ts';
import { nodeFacts } from './support/node-facts.ts';

describe('BootstrapWriter', () => {
  let folder: TemporaryDirectory;
  beforeEach(async () => {
    folder = await temporaryDirectory();
  });
  afterEach(() => folder.remove());

  const config = (given?: GivenConfig, adminPort?: number): Promise<AgentConfig> =>
    configIn(folder.path, given, adminPort);

  it('names the file after the epoch, and without hot restart after none', async () => {
    const hot = writerOf(await config());
    const plain = writerOf(await config({ env: { ENVOY_HOT_RESTART: 'false' } }));

    equal(await written(hot, { epoch: 0 }), join(folder.path, 'envoy-rev0.json'));
    equal(await written(hot, { epoch: 7, generation: 2 }), join(folder.path, 'envoy-rev7.json'));
    equal(await written(plain, { epoch: 0, generation: 3 }), join(folder.path, 'envoy-rev.json'));
  });

  it('gives the same bytes for the same configuration', async () => {
    const writer = writerOf(await config());

    const first = await readFile(await written(writer));
    const second = await readFile(await written(writer));

    deepEqual(second, first);
  });

  it('logs the file with its hash, and what was ignored at its level', async () => {
    const { log, records } = recordingLog();
    const given = await config({ proxyConfig: { extraStatTags: ['a['] } });
    const load = (): Promise<AgentConfig> => Promise.resolve(given);
    const platform = Promise.resolve(UNKNOWN_PLATFORM);
    const writer = new BootstrapWriter({ load, host: nodeFacts(), platform, log });

    const path = await written(writer);

    const sha256 = hash('sha256', await readFile(path));
    deepEqual(
      records.filter(({ message }) => message === `wrote bootstrap ${path}`).map(({ fields }) => fields),
      [{ sha256 }],
    );
    deepEqual(
      records.filter(({ level }) => level === 'error').map(({ message }) => message.slice(0, 41)),
      ['tag "a[" of extraStatTags is ignored, Env'],
    );
  });

  it('reads the configuration at every launch', async () => {
    const writer = writerOf(await config({}, 15_001), await config({}, 15_002));

    equal(await adminPortIn(await written(writer)), 15_001);
    equal(await adminPortIn(await written(writer, { epoch: 1, generation: 2 })), 15_002);
  });

  it('tells the Envoys of a hot-restart line apart by generation, and a lone one by nothing', async () => {
    const [hot, compat] = [await config(), await config({ env: { ENVOY_HOT_RESTART: 'false' } })];
    const text = async (from: AgentConfig, generation: number): Promise<string> =>
      readFile(await written(writerOf(from), { generation }), 'utf8');

    notEqual(await text(hot, 1), await text(hot, 2));
    equal(await text(compat, 1), await text(compat, 2));
  });

  it("reads the user's addition at every launch, and none to write the same again", async () => {
    const file = join(folder.path, 'override.yaml');
    const { log, messages } = recordingLog();
    const load = loading([await config({ env: { ISTIO_BOOTSTRAP_OVERRIDE: file } })]);
    const platform = Promise.resolve(UNKNOWN_PLATFORM);
    const writer = new BootstrapWriter({ load, host: nodeFacts(), platform, log });
    const write = (generation: number) => writer.write({ epoch: generation, generation });

    await writeFile(file, 'admin: {}');
    equal((await write(1)).override, '{"admin":{}}');
    await writeFile(file, 'node: {}');
    const second = await write(2);
    equal(second.override, '{"node":{}}');
    deepEqual(messages('warn'), []);
    await writeFile(file, 'static_resources: {}');
    equal((await write(3)).override, '{"static_resources":{}}');
    equal((await second.again({ epoch: 4, generation: 4 })).override, '{"node":{}}');
  });

  it('tells the command line that belongs to the configuration', async () => {
    const writer = writerOf(
      await config({ flags: { concurrency: 2 } }),
      await config({ flags: { concurrency: 4 } }),
    );

    const first = await writer.write({ epoch: 0, generation: 0 });
    const second = await writer.write({ epoch: 1, generation: 1 });

    deepEqual([first.arguments.concurrency, second.arguments.concurrency], [2, 4]);
  });

  it('writes nothing when the configuration cannot be read', async () => {
    await rejects(written(writerOf()), ConfigError);

    deepEqual(await readdir(folder.path), []);
  });

  it('removes its own file and leaves nothing', async () => {
    const writer = writerOf(await config());
    const path = await written(writer);

    await writer.remove(path);
    await writer.remove(path);

    deepEqual(await readdir(folder.path), []);
  });

  it("hands a user's file over as it is, and never removes it", async () => {
    const custom = join(folder.path, 'custom.yaml');
    await writeFile(custom, 'admin: {}');
    const writer = writerOf(await config({ proxyConfig: { customConfigFile: custom } }), await config());

    equal(await written(writer), custom);
    for (const epoch of [1, 2, 3, 4]) await written(writer, { epoch, generation: epoch + 1 });
    await writer.remove(custom);

    equal(await readFile(custom, 'utf8'), 'admin: {}');
  });

  it("renders a user's template, YAML to YAML", async () => {
    const template = join(folder.path, 'mine.yaml');
    await writeFile(template, 'admin: { port: "${config.proxyAdminPort}" }');
    const writer = writerOf(await config({ env: { ISTIO_BOOTSTRAP: template } }, 15_009));

    const path = await written(writer);

    equal(path, join(folder.path, 'envoy-rev0.yaml'));
    deepEqual(JSON.parse(await readFile(path, 'utf8')), { admin: { port: '15009' } });
  });
});
