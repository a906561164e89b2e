// The commands that show what `proxy` would do, as whole processes: in a folder without anything of a pod, and in
// one with a pod's files.

import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const HOOK = join(import.meta.dirname, 'fixtures/loaded-modules.ts');

let folder: TemporaryDirectory;

function agent(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', HOOK, AGENT, ...words], {
    cwd: folder.path,
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

async function annotate(annotations: string): Promise<void> {
  await mkdir(join(folder.path, 'etc/istio/pod'), { recursive: true });
  await writeFile(join(folder.path, 'etc/istio/pod/annotations'), annotations);
}

describe('the offline commands', () => {
  beforeEach(async () => {
    folder = await temporaryDirectory();
  });
  afterEach(() => folder.remove());

  it('print the bootstrap of the same words on stdout, and why its parts are there on stderr', () => {
    const env = { POD_NAME: 'web-1', POD_NAMESPACE: 'shop', INSTANCE_IP: '10.0.0.7' };

    const { status, stdout, stderr } = agent(
      ['bootstrap', 'router', '--domain', 'mesh', '--outlierLogPath=/dev/stdout', '--nosuch'],
      { ...env, PROXY_CONFIG: '{statsdUdpAddress: "statsd.nowhere.invalid:9125"}' },
    );

    equal(status, 0);
    const { node, stats_sinks: sinks } = JSON.parse(stdout) as { node: { id: string }; stats_sinks: unknown };
    equal(node.id, 'router~10.0.0.7~web-1.shop~mesh');
    match(JSON.stringify(sinks), /"address":"192\.0\.2\.1","port_value":9125/);
    match(stderr, /^\+ outlier log \(--outlierLogPath: given\)$/m);
    match(stderr, /^\+ statsd \(ProxyConfig statsdUdpAddress: .+\)$/m);
    match(stderr, /^- tracing \(ProxyConfig tracing is not set\)$/m);
    match(stderr, /^warning: .*--nosuch/m);
    match(stderr, /^note: statsd.nowhere.invalid is not looked up here, 192\.0\.2\.1 stands for it$/m);
  });

  it('show no secret in the bootstrap or the configuration', async () => {
    await annotate(
      String.raw`proxy.istio.io/config="tracing: {lightstep: {address: 'ls:1', accessToken: sesame-1}}\nproxyMetadata: {XDS_HEADER_A: sesame-2, ISTIO_META_NOTE: about sesame-3}"`,
    );
    const env = { CA_HEADER_TOKEN: 'sesame-3' };

    for (const command of ['bootstrap', 'config']) {
      const { status, stdout, stderr } = agent([command], env);
      equal(status, 0, stderr);
      doesNotMatch(stdout + stderr, /sesame/, command);
      match(stdout, /\*\*\*/, command);
    }
  });

  it('print the effective ProxyConfig with the layer of each field', async () => {
    await annotate('proxy.istio.io/config="drainDuration: 30s"');

    const { status, stdout } = agent(['config'], {
      PROXY_CONFIG: '{"proxyAdminPort":15001,"statsdUdpAddress":"statsd.nowhere.invalid:9125"}',
    });

    equal(status, 0);
    match(stdout, /^FIELD +FROM +VALUE\nbinaryPath +\S+ +"\/usr\/local\/bin\/envoy"\n/);
    match(stdout, /^drainDuration +annotation.* "30s"$/m);
    match(stdout, /^statsdUdpAddress .* "statsd.nowhere.invalid:9125"$/m);
    match(stdout, /^proxyAdminPort +\S.* 15001$/m);
  });

  it('tell when what happens once the agent is told to end, and which setting cannot be kept', () => {
    const { stdout, stderr } = agent(['config'], {
      PROXY_CONFIG: '{terminationDrainDuration: 60s}',
      TERMINATION_GRACE_PERIOD_SECONDS: '30',
    });

    match(stdout, /\n\nOnce told to end: drain at 0s, SIGTERM to Envoy at 28s, [^\n]+\n$/);
    match(stderr, /^warning: terminationDrainDuration 1m0s \+ ENVOY_TERM_GRACE 2s do not fit into .+\n$/);
  });

  it('print the configuration as JSON and YAML', () => {
    const json = JSON.parse(agent(['config', '-o', 'json']).stdout) as Record<string, { value: unknown }>;

    equal(json['statusPort']?.value, 15_020);
    match(agent(['config', '-o', 'yaml']).stdout, /^statusPort:\n {2}value: 15020\n {2}from: \S/m);
  });

  it('end like proxy for a mistake: 255, one error, no document', () => {
    for (const command of ['bootstrap', 'config']) {
      const { status, stdout, stderr } = agent([command], { PROXY_CONFIG: '{statusPort: 0}' });

      equal(status, 255);
      match(stderr, /^Error: failed to get proxy config: /);
      match(stdout, /^\S+\terror\tfailed to get proxy config: [^\n]*\n?/);
      doesNotMatch(stdout, /^[{F]/);
    }
  });

  it('write nothing and load neither gRPC nor winston nor execa', async () => {
    for (const command of ['bootstrap', 'config', 'env']) {
      const modules = join(folder.path, 'modules');
      await mkdir(join(folder.path, 'etc/istio/proxy'), { recursive: true });

      agent([command], { LOADED_MODULES_FILE: modules });

      const loaded = await readFile(modules, 'utf8');
      const heavy = ['@grpc', 'protobufjs', 'winston', 'execa', 'prom-client', 'chokidar', 'node-forge'];
      deepEqual(
        heavy.filter((name) => loaded.includes(`node_modules/${name}`)),
        [],
        command,
      );
      match(loaded, new RegExp(`/src/cli/${command}.ts`));
      deepEqual(await readdir(join(folder.path, 'etc/istio/proxy')), []);
    }
  });

  it("hand a user's own bootstrap on as it is", async () => {
    const file = join(folder.path, 'own.json');
    await writeFile(file, '{"node":{"id":"mine"}}\n');

    const { stdout, stderr } = agent(['bootstrap'], {
      PROXY_CONFIG: JSON.stringify({ customConfigFile: file }),
    });

    equal(stdout, '{"node":{"id":"mine"}}\n');
    match(stderr, /is given to Envoy as it is/);
  });
});
