import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import { EnvoyValidation, type RenderedBootstrap } from './envoy-validation.ts';

const WORKLOAD_DISCOVERY = {
  bootstrap_extensions: [
    { typed_config: { type_url: 'type.googleapis.com/istio.workload.BootstrapExtension' } },
  ],
};

const unused = (): Promise<void> => assert.fail('not asked for');

/** Loads what is called good. */
async function fakeEnvoy(directory: string): Promise<string> {
  const path = join(directory, 'envoy');
  const script = 'case "$*" in *good*) exit 0 ;; esac; echo "[1][critical][main] no such type" >&2; exit 1';
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('EnvoyValidation', () => {
  it('counts what Envoy loads and fails with the words of a refusal', async () => {
    await using temporary = await temporaryDirectory();
    const validation = new EnvoyValidation(await fakeEnvoy(temporary.path));
    const rendered = (file: string): RenderedBootstrap => ({
      document: {},
      args: ['-c', file],
      directory: temporary.path,
    });

    await validation.check('one', rendered('good.json'), unused);

    await assert.rejects(validation.check('two', rendered('bad.json'), unused), {
      message: 'Envoy refuses the bootstrap: [1][critical][main] no such type',
    });
    assert.deepEqual(validation.report(), ['Envoy loaded 1 bootstraps']);
  });

  it("names what only Istio's Envoy has, and has the rendering for upstream loaded", async () => {
    await using temporary = await temporaryDirectory();
    const validation = new EnvoyValidation(await fakeEnvoy(temporary.path));
    const bad: RenderedBootstrap = {
      document: WORKLOAD_DISCOVERY,
      args: ['-c', 'bad.json'],
      directory: temporary.path,
    };

    await validation.check('a', bad, (expectLoad) => expectLoad({ ...bad, args: ['-c', 'good.json'] }));
    const again = validation.check('b', bad, (expectLoad) => expectLoad(bad));

    await assert.rejects(again, /^AssertionError.*: Envoy refuses what is rendered for upstream: /);
    assert.deepEqual(validation.report(), [
      'Envoy loaded 1 bootstraps',
      'a: this Envoy has no istio.workload.BootstrapExtension, loaded for ENVOY_FLAVOR=upstream',
    ]);
  });

  it('says why nothing is validated without an Envoy', async () => {
    const validation = new EnvoyValidation(undefined, 'no network');

    await validation.check('one', { document: {}, args: [], directory: '/' }, unused);

    assert.deepEqual(validation.report(), [
      'Envoy loaded 0 bootstraps',
      'bootstraps are not given to Envoy: no network',
    ]);
  });
});
