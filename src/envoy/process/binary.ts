// Which Envoy is run. There is no download and no other place to look; the first rule that applies decides.

import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

import { ConfigError, messageOf } from '../../runtime/errors.ts';

export const DEFAULT_BINARY_PATH = '/usr/local/bin/envoy';

export interface BinarySources {
  /** `--binaryPath`, else `binaryPath` of a config layer; undefined when nobody named one. */
  readonly explicitPath: string | undefined;
  /** `ENVOY_PATH`. */
  readonly envoyPath: string | undefined;
  /** `PATH`. */
  readonly searchPath: string | undefined;
  /** Default `/usr/local/bin/envoy`. */
  readonly defaultPath?: string;
}

/**
 * The executable to run. A path that somebody named must work: there is no fall-through to another place.
 *
 * @throws ConfigError with the remedy
 */
export async function findEnvoyBinary(sources: BinarySources): Promise<string> {
  const { explicitPath, envoyPath, searchPath, defaultPath = DEFAULT_BINARY_PATH } = sources;
  if (explicitPath) return named(explicitPath, 'binaryPath');
  if (await isExecutable(defaultPath)) return defaultPath;
  if (envoyPath) return named(envoyPath, 'ENVOY_PATH');
  const found = await findOnPath('envoy', searchPath);
  if (found !== undefined) return found;
  throw new ConfigError(
    `no Envoy found: there is no ${defaultPath} and no envoy on PATH; install Envoy, or name it with ` +
      '--binaryPath or ENVOY_PATH',
  );
}

/**
 * @param searchPath value of `PATH`; what is relative in it is not looked at
 * @returns undefined when there is none
 */
export async function findOnPath(name: string, searchPath: string | undefined): Promise<string | undefined> {
  for (const directory of (searchPath ?? '').split(delimiter).filter(isAbsolute)) {
    const candidate = join(directory, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

async function named(path: string, by: string): Promise<string> {
  try {
    await expectExecutable(path);
    return path;
  } catch (cause) {
    throw new ConfigError(`${by} ${path} cannot be run: ${messageOf(cause)}; give the path of an Envoy`, {
      cause,
    });
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await expectExecutable(path);
    return true;
  } catch {
    return false; // a place to look at, not a path somebody named: why it does not work is no news
  }
}

async function expectExecutable(path: string): Promise<void> {
  await access(path, constants.X_OK);
  if (!(await stat(path)).isFile()) throw new ConfigError('not a file');
}
