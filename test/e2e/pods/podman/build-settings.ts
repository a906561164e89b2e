// What a build inside a container needs to know of this machine to reach its package sources: certificates of an
// inspecting proxy, and the settings of npm and pip. Proxies' addresses are passed on by podman itself.

import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a build sees the settings; the base image's environment points there. */
const INSIDE = '/run/build-settings';

const CERTIFICATES = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
];
const SYSTEM_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** The environment of the base image. An image of the runtime has none of it, as it is not made from the base. */
export const SETTINGS_ENVIRONMENT: Readonly<Record<string, string>> = {
  NODE_EXTRA_CA_CERTS: `${INSIDE}/certificates.pem`,
  PIP_CONFIG_FILE: `${INSIDE}/pip.conf`,
  NPM_CONFIG_GLOBALCONFIG: `${INSIDE}/npmrc`,
};

/** Runs a build with the settings mounted; `flags` are its flags for that. They are gone afterwards. */
export async function withBuildSettings<Result>(
  work: (flags: readonly string[]) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'build-settings-'));
  try {
    await copyFile(certificates(), join(folder, 'certificates.pem'));
    await writeFile(join(folder, 'npmrc'), npmrc(), { mode: 0o600 });
    await writeFile(join(folder, 'pip.conf'), pipConf(), { mode: 0o600 });
    return await work(['--network', 'host', '--volume', `${folder}:${INSIDE}:ro`]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The bundle this machine's environment names, else that of the system. */
function certificates(): string {
  const named = CERTIFICATES.map((name) => process.env[name]).filter((path) => path !== undefined);
  return named.find((path) => existsSync(path)) ?? SYSTEM_CERTIFICATES;
}

/** Variables npm_config_* of this machine, as a file. */
function npmrc(): string {
  const lines = variables(/^npm_config_(registry|.*proxy|fetch_.*|\/\/.*)$/i).map(
    ([name, value]) => `${name}=${value}`,
  );
  return [...lines, `cafile=${INSIDE}/certificates.pem`, ''].join('\n');
}

/** Variables PIP_* of this machine, as a file. */
function pipConf(): string {
  const own = variables(/^PIP_((?!CONFIG_FILE|CERT).*)$/).map(([name, value]) => `${name} = ${value}`);
  return ['[global]', ...own, `cert = ${INSIDE}/certificates.pem`, ''].join('\n');
}

/** Name, as a file spells it, and value of each variable of the pattern. */
function variables(pattern: RegExp): readonly (readonly [string, string])[] {
  return Object.entries(process.env).flatMap(([name, value = '']) => {
    const inner = pattern.exec(name)?.[1];
    return inner === undefined ? [] : [[inner.toLowerCase().replaceAll('_', '-'), value] as const];
  });
}
