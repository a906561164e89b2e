import { deepEqual, equal, match, notEqual, rejects } from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { BootstrapWriter } from '../../src/agent/bootstrap-writer.ts';
import type { AgentConfig } from '../../src/config/agent-config.ts';
import type { BootstrapLaunch } from '../../src/envoy/written-bootstrap.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { UNKNOWN_PLATFORM, type Platform } from '../../src/node/platform/platform.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig, type GivenConfig } from './support/agent-config.ts';
import { nodeFacts } from './support/node-facts.ts';

/** Gives the next configuration at every launch; the last one goes on. */
function writerOf(...configs: AgentConfig[]): BootstrapWriter {
  return writerOn(Promise.resolve(UNKNOWN_PLATFORM), ...configs);
}

function writerOn(platform: Promise<Platform>, ...configs: AgentConfig[]): BootstrapWriter {
  return new BootstrapWriter({
    load: loading(configs),
    host: nodeFacts(),
    platform,
    log: recordingLog().log,
  });
}

function loading(configs: readonly AgentConfig[]): () => Promise<AgentConfig> {
  let launches = 0;
  return () => {
    const config = configs[Math.min(launches++, configs.length - 1)];
    return config === undefined
      ? Promise.reject(new ConfigError('nothing to load'))
      : Promise.resolve(config);
  };
}

async function written(writer: BootstrapWriter, changes: Partial<BootstrapLaunch> = {}): Promise<string> {
  return (await writer.write({ epoch: 0, generation: 1, ...changes })).path;
}

async function adminPortIn(path: string): Promise<number> {
  const document = JSON.parse(await readFile(path, 'utf8')) as {
    admin: { address: { socket_address: { port_value: number } } };
  };
  return document.admin.address.socket_address.port_value;
}

describe('BootstrapWriter', () => {
  let folder: TemporaryDirectory;
  beforeEach(async () => {
    folder = await temporaryDirectory();
  });
  afterEach(() => folder.remove());

  function config(given: GivenConfig = {}, adminPort = 15_000): Promise<AgentConfig> {
    const proxyConfig = { configPath: folder.path, proxyAdminPort: adminPort, ...given.proxyConfig };
    return agentConfig({ ...given, proxyConfig });
  }

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

  it('refuses an addition that is too long before anything is started', async () => {
    const file = join(folder.path, 'override.json');
    await writeFile(file, JSON.stringify({ a: 'x'.repeat(131_072) }));
    const long = await config({ env: { ISTIO_BOOTSTRAP_OVERRIDE: file } });

    await rejects(writerOf(long).check(long), /131\d+ bytes of JSON/);
  });

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

  it('tells the command line that belongs to the configuration', async () => {
    const writer = writerOf(
      await config({ flags: { concurrency: 2 } }),
      await config({ flags: { concurrency: 4 } }),
    );

    const first = await writer.write({ epoch: 0, generation: 0 });
    const second = await writer.write({ epoch: 1, generation: 1 });

    deepEqual([first.arguments.concurrency, second.arguments.concurrency], [2, 4]);
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

  it('writes nothing when the configuration cannot be read', async () => {
    await rejects(written(writerOf()), ConfigError);

    deepEqual(await readdir(folder.path), []);
  });

  it('checks a configuration without writing', async () => {
    const bad = await config({ env: { ISTIO_BOOTSTRAP: join(folder.path, 'none.json') } });

    await writerOf().check(await config());
    await rejects(writerOf().check(bad), /none\.json/);

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
