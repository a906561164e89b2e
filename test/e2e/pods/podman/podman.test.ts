import { deepEqual, equal, fail, match, notEqual, rejects } from 'node:assert/strict';
import { execFile as execFileWithCallback } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { withBuildSettings } from './build-settings.ts';
import { withFileLock } from './file-lock.ts';
import { sourcesDigest } from './image-sources.ts';
import { Podman, PodmanError } from './podman.ts';
import { whatIsMissing } from './requirements.ts';

const execFile = promisify(execFileWithCallback);

describe('a lock of a file', () => {
  it('is held by one at a time, and given up by one that fails', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'below', 'a.lock');
    const events: string[] = [];
    const inFirst = Promise.withResolvers<void>();
    const first = withFileLock(path, async () => {
      inFirst.resolve();
      await execFile('sleep', ['0.2']);
      events.push('first ends');
      throw new Error('first fails');
    });
    await inFirst.promise;

    const second = withFileLock(path, async () => void events.push('second begins'));

    await rejects(first, /first fails/);
    await second;
    deepEqual(events, ['first ends', 'second begins']);
  });
});

describe('the state of the sources', () => {
  it('has one name as long as nothing changes', async () => {
    equal(await sourcesDigest(), await sourcesDigest());
  });
});

describe('the settings of a build', () => {
  it('hand on what npm and pip of this machine are told, with certificates where the build sees them', async () => {
    await using home = await temporaryDirectory();
    await writeFile(join(home.path, '.npmrc'), '//127.0.0.1:4873/:_authToken=none\neditor=vi\n');
    const env = {
      PATH: process.env['PATH'],
      HOME: home.path,
      npm_config_registry: 'http://127.0.0.1:4873/',
      npm_config_user_agent: 'that of another run',
      PIP_INDEX_URL: 'http://127.0.0.1:3141/simple',
      PIP_CERT: '/etc/ssl/certs/ca-certificates.crt',
    };

    const [npmrc, pip = ''] = await withBuildSettings(async (flags) => {
      const [folder = ''] = (flags.at(-1) ?? '').split(':');
      return Promise.all(['npmrc', 'pip.conf'].map((name) => readFile(join(folder, name), 'utf8')));
    }, env);

    deepEqual(npmrc?.split('\n'), [
      '//127.0.0.1:4873/:_authToken=none',
      'registry=http://127.0.0.1:4873/',
      'cafile=/run/build-settings/certificates.pem',
      '',
    ]);
    match(pip, /^\[global\]\n/);
    match(pip, /^index-url = http:\/\/127\.0\.0\.1:3141\/simple$/m);
    deepEqual(pip.match(/^cert = .*$/gm), ['cert = /run/build-settings/certificates.pem']);
  });
});

const obstacle = whatIsMissing();

describe('podman of the tests', function () {
  this.timeout(60_000);

  if (obstacle !== undefined) {
    if (process.env['CI'] === 'true') it('runs', () => fail(obstacle));
    else console.log(`    podman is not tested: ${obstacle}`);
    return;
  }

  it('knows which images there are', async () => {
    const podman = await Podman.open();

    equal(await podman.hasImage('localhost/never-made:1'), false);
  });

  it('tells how a command failed', async () => {
    const podman = await Podman.open();

    const failed = await podman
      .run(['image', 'inspect', 'localhost/never-made:1'])
      .catch((error: unknown) => error);

    notEqual(failed instanceof PodmanError && failed.exitCode, 0);
    await rejects(
      Promise.reject(failed),
      /podman image inspect localhost\/never-made:1 ended with 125: .*never-made/s,
    );
  });
});
