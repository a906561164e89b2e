import { deepEqual, equal, match } from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { BootstrapWriter } from '../../src/agent/bootstrap-writer.ts';
import type { AgentConfig } from '../../src/config/agent-config.ts';
import { UNKNOWN_PLATFORM } from '../../src/node/platform/platform.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import type { GivenConfig } from './support/agent-config.ts';
import { configIn, loading, writerOf } from './support/bootstrap-writing.ts';
import { nodeFacts } from './support/node-facts.ts';

describe('BootstrapWriter with what was written before', () => {
  let folder: TemporaryDirectory;
  beforeEach(async () => {
    folder = await temporaryDirectory();
  });
  afterEach(() => folder.remove());

  const config = (given?: GivenConfig, adminPort?: number): Promise<AgentConfig> =>
    configIn(folder.path, given, adminPort);

  describe('writing the same again', () => {
    it('repeats what was rendered, whatever is configured now, for the other generation', async () => {
      const template = join(folder.path, 'mine.json');
      await writeFile(
        template,
        '{ "admin": {}, "dynamic_resources": { "ads_config": { "grpc_services": [{}] } } }',
      );
      const writer = writerOf(await config({ env: { ISTIO_BOOTSTRAP: template } }));
      const first = await writer.write({ epoch: 0, generation: 1 });
      await writeFile(template, '{ "node": {} }');

      const again = await first.again({ epoch: 1, generation: 7 });

      equal(again.path, join(folder.path, 'envoy-rev1.json'));
      const metadata = [{ key: 'x-agent-generation', value: '7' }];
      deepEqual(JSON.parse(await readFile(again.path, 'utf8')), {
        admin: {},
        dynamic_resources: { ads_config: { grpc_services: [{ initial_metadata: metadata }] } },
      });
      deepEqual([again.hash, again.arguments], [first.hash, first.arguments]);
    });

    it("gives Envoy a copy of what a user's file was, and removes that", async () => {
      const custom = join(folder.path, 'custom.yaml');
      await writeFile(custom, 'admin: {}');
      const writer = writerOf(await config({ proxyConfig: { customConfigFile: custom } }));
      const first = await writer.write({ epoch: 0, generation: 1 });
      await writeFile(custom, 'node: {}');

      const { path } = await first.again({ epoch: 1, generation: 2 });

      equal(path, join(folder.path, 'envoy-rev1.yaml'));
      equal(await readFile(path, 'utf8'), 'admin: {}');
      await writer.remove(path);
      deepEqual(await readdir(folder.path), ['custom.yaml']);
    });
  });

  describe('the hash', () => {
    it('is the same for every Envoy of one configuration', async () => {
      const writer = writerOf(await config());

      const first = await writer.write({ epoch: 0, generation: 0 });
      const second = await writer.write({ epoch: 1, generation: 1 });

      match(first.hash, /^[0-9a-f]{64}$/);
      equal(second.hash, first.hash);
    });

    it("is another one with another document, another addition, or other content of a user's file", async () => {
      const file = join(folder.path, 'mine.yaml');
      await writeFile(file, 'admin: {}');
      const changed = async (given: GivenConfig, adminPort = 15_000): Promise<string> =>
        (await writerOf(await config(given, adminPort)).write({ epoch: 0, generation: 1 })).hash;
      const custom = { proxyConfig: { customConfigFile: file } };

      const hashes = [
        await changed({}),
        await changed({}, 15_001),
        await changed({ env: { ISTIO_BOOTSTRAP_OVERRIDE: file } }),
        await changed(custom),
      ];
      await writeFile(file, 'node: {}');
      hashes.push(await changed(custom));

      equal(new Set(hashes).size, hashes.length);
    });
  });

  describe('a file that is missing or wrong', () => {
    it('U17 leaves the bootstrap what it was, with a warning', async () => {
      const template = join(folder.path, 'mine.json');
      await writeFile(template, '{ "admin": {} }');
      const { log, messages } = recordingLog();
      const load = loading([await config({ env: { ISTIO_BOOTSTRAP: template } })]);
      const platform = Promise.resolve(UNKNOWN_PLATFORM);
      const writer = new BootstrapWriter({ load, host: nodeFacts(), platform, log });
      const first = await writer.write({ epoch: 0, generation: 0 });

      for (const [epoch, text] of [
        [1, '{ "admin":'],
        [2, undefined],
      ] as const) {
        await (text === undefined ? rm(template) : writeFile(template, text));
        const { path, hash: sameHash } = await writer.write({ epoch, generation: epoch });
        deepEqual(JSON.parse(await readFile(path, 'utf8')), { admin: {} });
        equal(sameHash, first.hash);
      }

      deepEqual(
        messages('warn').map((message) => message.slice(0, 68)),
        Array(2).fill("Envoy's configuration stays what it was, the present one is wrong: f"),
      );
    });

    it('U17 leaves the addition what it was', async () => {
      const file = join(folder.path, 'override.yaml');
      await writeFile(file, 'admin: {}');
      const writer = writerOf(await config({ env: { ISTIO_BOOTSTRAP_OVERRIDE: file } }));
      const first = await writer.write({ epoch: 0, generation: 0 });
      await writeFile(file, '{');

      const { override, hash: sameHash } = await writer.write({ epoch: 1, generation: 1 });

      deepEqual([override, sameHash], ['{"admin":{}}', first.hash]);
    });

    it("U17 gives Envoy a copy of the user's file that is gone", async () => {
      const custom = join(folder.path, 'custom.yaml');
      await writeFile(custom, 'admin: {}');
      const writer = writerOf(await config({ proxyConfig: { customConfigFile: custom } }));
      await writer.write({ epoch: 0, generation: 0 });
      await rm(custom);

      const { path } = await writer.write({ epoch: 1, generation: 1 });

      equal(path, join(folder.path, 'envoy-rev1.yaml'));
      equal(await readFile(path, 'utf8'), 'admin: {}');
    });
  });
});
