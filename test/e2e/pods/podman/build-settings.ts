// What a build inside a container needs to know of this machine to reach its package sources: certificates of an
// inspecting proxy, and the settings of npm and pip. Proxies' addresses are passed on by podman itself.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Where a build sees the settings; the base image's environment points there. */
const INSIDE = '/run/build-settings';

const CERTIFICATES = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
];
/** By which settings npm finds the registry: among all that npm hands on to its scripts, and in the user's file. */
const NPM_WAY = /^npm_config_(registry|.*proxy|fetch_.*)$/i;
const NPM_WAY_LINE = /^(\/\/|@[^:]+:registry|registry|noproxy|(https?-)?proxy|fetch-)/;

/** As in `global.index-url='…'`; those of the environment, which weigh more, come last. */
const PIP_SETTING = /^(?:global|:env:)\.([\w-]+)='(.*)'$/;

const SYSTEM_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** The environment of the base image. An image of the runtime has none of it, as it is not made from the base. */
export const SETTINGS_ENVIRONMENT: Readonly<Record<string, string>> = {
  NODE_EXTRA_CA_CERTS: `${INSIDE}/certificates.pem`,
  PIP_CONFIG_FILE: `${INSIDE}/pip.conf`,
  NPM_CONFIG_GLOBALCONFIG: `${INSIDE}/npmrc`,
};

/**
 * Runs a build with the settings mounted; `flags` are its flags for that. They are gone afterwards.
 *
 * @param env default: that of the tests
 */
export async function withBuildSettings<Result>(
  work: (flags: readonly string[]) => Promise<Result>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'build-settings-'));
  try {
    await copyFile(certificates(env), join(folder, 'certificates.pem'));
    await writeFile(join(folder, 'npmrc'), await npmrc(env), { mode: 0o600 });
    await writeFile(join(folder, 'pip.conf'), await pipConf(env), { mode: 0o600 });
    return await work(['--network', 'host', '--volume', `${folder}:${INSIDE}:ro`]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The bundle this machine's environment names, else that of the system. */
function certificates(env: NodeJS.ProcessEnv): string {
  const named = CERTIFICATES.map((name) => env[name]).filter((path) => path !== undefined);
  return named.find((path) => existsSync(path)) ?? SYSTEM_CERTIFICATES;
}

/** The user's file, and over it the variables npm_config_* about the way to the registry. */
async function npmrc(env: NodeJS.ProcessEnv): Promise<string> {
  const path = env['npm_config_userconfig'] ?? join(env['HOME'] ?? '/', '.npmrc');
  const file = await readFile(path, 'utf8').catch(() => ''); // most users have none
  const lines = file.split('\n').filter((line) => NPM_WAY_LINE.test(line));
  const variables = Object.entries(env).flatMap(([name, value = '']) => {
    const key = NPM_WAY.exec(name)?.[1];
    return key === undefined ? [] : [`${key.toLowerCase().replaceAll('_', '-')}=${value}`];
  });
  return [...lines, ...variables, `cafile=${INSIDE}/certificates.pem`, ''].join('\n');
}

/** What pip gathers of its files and variables; nothing where there is no pip. */
async function pipConf(env: NodeJS.ProcessEnv): Promise<string> {
  const list = promisify(execFile)('python3', ['-m', 'pip', 'config', 'list'], { env });
  const { stdout } = await list.catch(() => ({ stdout: '' }));
  const rows = stdout.split('\n').map((line) => PIP_SETTING.exec(line));
  const settings = new Map(
    rows.flatMap((row) => (row === null ? [] : [[row[1] ?? '', row[2] ?? ''] as const])),
  );
  settings.set('cert', `${INSIDE}/certificates.pem`);
  const lines = [...settings].map(([name, value]) => `${name} = ${value}`);
  return ['[global]', ...lines, ''].join('\n');
}
