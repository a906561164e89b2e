import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { versionCommand } from '../../src/cli/version.ts';
import { buildInfo } from '../../src/config/build-info.ts';
import { recordingContext } from '../support/cli-context.ts';

async function version(...words: string[]): Promise<string> {
  const { context, stdout } = recordingContext();
  await versionCommand(context).parseAsync(words);
  return stdout();
}

describe('the command version', () => {
  it('prints one line, or the number alone', async () => {
    assert.match(
      await version(),
      /^client version: version\.BuildInfo\{Version:"1\.31\.0", GitRevision:"\w+", GolangVersion:"v24\.[\d.]+", BuildStatus:"\w+", GitTag:"\w+"\}\n$/,
    );
    assert.equal(await version('-s'), 'client version: 1.31.0\n');
  });

  it("prints JSON with upstream's keys first", async () => {
    const { clientVersion } = JSON.parse(await version('-o', 'json')) as { clientVersion: object };

    assert.deepEqual(Object.keys(clientVersion).slice(0, 5), [
      'version',
      'revision',
      'golang_version',
      'status',
      'tag',
    ]);
    assert.match(await version('--output=json'), /^\{\n {2}"clientVersion": \{\n {4}"version": "1\.31\.0",/);
  });

  it('prints YAML with sorted keys and an empty line at the end', async () => {
    const lines = (await version('-o', 'yaml')).split('\n');

    assert.equal(lines[0], 'clientVersion:');
    const keys = lines.slice(1, -2).map((line) => line.split(':')[0] ?? '');
    assert.deepEqual(keys.toSorted(), keys);
    assert.deepEqual(lines.slice(-2), ['', '']);
  });

  it('names the version of Node in its own key too', async () => {
    const { clientVersion } = JSON.parse(await version('-o', 'json')) as {
      clientVersion: Record<string, string>;
    };

    assert.equal(clientVersion['node_version'], process.version);
    assert.equal(clientVersion['golang_version'], process.version);
    assert.match(await version('-o', 'yaml'), new RegExp(`^  node_version: ${process.version}$`, 'm'));
  });

  it('keeps stdout clean of warnings', async () => {
    const { context, stdout, stderr } = recordingContext([], { PKCS8_KEY: 'maybe' });

    await versionCommand(context).parseAsync(['-s']);

    assert.equal(stdout(), 'client version: 1.31.0\n');
    assert.match(stderr(), /Invalid environment variable value/);
  });

  it('knows no other form', async () => {
    await assert.rejects(version('-o', 'xml'), { message: "--output must be 'yaml' or 'json'" });
  });

  it('names the version of the package', async () => {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');

    assert.equal((JSON.parse(text) as { version: string }).version, buildInfo.agentVersion);
  });
});
