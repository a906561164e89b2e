import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { bootstrapPath, removeBootstrap, writeBootstrap } from '../../src/bootstrap/bootstrap-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe('bootstrapPath', () => {
  it('has the epoch in its name with hot restart only', () => {
    assert.equal(bootstrapPath('./etc/istio/proxy', undefined), 'etc/istio/proxy/envoy-rev.json');
    assert.equal(bootstrapPath('./etc/istio/proxy', 0), 'etc/istio/proxy/envoy-rev0.json');
    assert.equal(bootstrapPath('/a', 2, 'yaml'), '/a/envoy-rev2.yaml');
  });
});

describe('writeBootstrap', () => {
  it('makes the directory, private, and leaves one file in it', async () => {
    await using directory = await temporaryDirectory();
    const configPath = join(directory.path, 'a', 'b');

    await writeBootstrap(bootstrapPath(configPath, 0), '{}\n', { configPath });

    assert.equal(await modeOf(configPath), 0o700);
    assert.deepEqual(await readdir(configPath), ['envoy-rev0.json']);
    assert.equal(await readFile(join(configPath, 'envoy-rev0.json'), 'utf8'), '{}\n');
    assert.equal(await modeOf(join(configPath, 'envoy-rev0.json')), 0o644);
  });

  it('writes the Lightstep token beside it, both readable by the owner only', async () => {
    await using directory = await temporaryDirectory();
    const configPath = directory.path;
    const tracing = { lightstep: { address: '', accessToken: 'token-of-the-test' } };

    await writeBootstrap(bootstrapPath(configPath, undefined), '{}\n', { configPath, tracing });

    const tokenPath = join(configPath, 'lightstep_access_token.txt');
    assert.equal(await readFile(tokenPath, 'utf8'), 'token-of-the-test');
    assert.equal(await modeOf(tokenPath), 0o600);
    assert.equal(await modeOf(join(configPath, 'envoy-rev.json')), 0o600);
  });
});

describe('removeBootstrap', () => {
  it('does not mind that the file is gone', async () => {
    await using directory = await temporaryDirectory();
    const path = bootstrapPath(directory.path, 0);
    await writeBootstrap(path, '{}\n', { configPath: directory.path });

    await removeBootstrap(path);
    await removeBootstrap(path);

    assert.deepEqual(await readdir(directory.path), []);
  });
});
