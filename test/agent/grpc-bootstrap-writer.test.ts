import { deepEqual, equal, rejects } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { GrpcBootstrapWriter } from '../../src/agent/grpc-bootstrap-writer.ts';
import { UNKNOWN_PLATFORM, type Platform } from '../../src/node/platform/platform.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig, type GivenConfig } from './support/agent-config.ts';
import { nodeFacts } from './support/node-facts.ts';

describe('GrpcBootstrapWriter', () => {
  let folder: TemporaryDirectory;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    path = join(folder.path, 'proxy/grpc-bootstrap.json');
  });
  afterEach(() => folder.remove());

  async function writer(
    given: GivenConfig = {},
    platform: Promise<Platform> = Promise.resolve(UNKNOWN_PLATFORM),
  ): Promise<GrpcBootstrapWriter> {
    const proxyConfig = { configPath: join(folder.path, 'proxy'), ...given.proxyConfig };
    const env = { GRPC_XDS_BOOTSTRAP: 'proxy/grpc-bootstrap.json', ...given.env };
    const config = await agentConfig({ ...given, proxyConfig, env, workingDirectory: folder.path });
    return new GrpcBootstrapWriter(config, { host: nodeFacts(), platform });
  }

  const written = async (): Promise<{ node: { locality: object; metadata: Record<string, unknown> } }> =>
    JSON.parse(await readFile(path, 'utf8'));

  it('writes at the check when the platform is known, once', async () => {
    const one = await writer({ env: { OUTPUT_CERTS: '/certs' } });

    await one.check();
    const { metadata } = (await written()).node;
    await writeFile(path, 'kept');
    await one.write();

    deepEqual([metadata['GENERATOR'], metadata['INSTANCE_IPS']], ['grpc', '10.0.0.7']);
    equal(await readFile(path, 'utf8'), 'kept');
    equal((await stat(join(folder.path, 'proxy'))).mode & 0o777, 0o750);
  });

  it('waits with the file, not with the check, while the platform is asked', async () => {
    const answer = Promise.withResolvers<Platform>();
    const one = await writer({}, answer.promise);

    await one.check();
    equal(existsSync(path), false);
    answer.resolve({ ...UNKNOWN_PLATFORM, locality: { region: 'r' } });
    await one.write();

    deepEqual((await written()).node.locality, { region: 'r' });
  });

  it('finds what the metadata cannot be, and names variable and stage', async () => {
    const env = { ISTIO_META_POD_PORTS: '{]' };
    const pending = new Promise<Platform>(() => undefined);

    await rejects((await writer({ env }, pending)).check(), (error: Error) => {
      const stage = 'failed generating gRPC XDS bootstrap: failed generating node metadata: ';
      equal(error.message.startsWith(stage), true, error.message);
      equal(error.message.includes('ISTIO_META_POD_PORTS'), true);
      return error instanceof ConfigError;
    });
  });

  it('tells at its turn that the file cannot be written', async () => {
    await writeFile(join(folder.path, 'proxy'), 'a file where the directory should be');
    const one = await writer();

    await one.check();

    await rejects(one.write(), /^AgentError: failed generating gRPC XDS bootstrap: EEXIST/);
  });

  it('does nothing without a path', async () => {
    const one = await writer({ env: { GRPC_XDS_BOOTSTRAP: '', ISTIO_META_POD_PORTS: '{]' } });

    await one.check();
    await one.write();

    equal(existsSync(join(folder.path, 'proxy')), false);
  });
});
