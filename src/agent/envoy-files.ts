// The files a running Envoy was made of: which they are, and which of them are no longer what they were. Certificates
// are none of them: Envoy gets those over SDS, however often they change.

import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { bootstrapSource } from '../bootstrap/bootstrap-source.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { POD_ANNOTATIONS_PATH, POD_LABELS_PATH } from '../config/pod-info.ts';
import { fileIdentity } from '../envoy/process/file-identity.ts';
import { errnoOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';

/** Why a file asks for a restart: what it configures. */
export type FileCause = 'mesh-config' | 'bootstrap' | 'labels' | 'binary';

export interface EnvoyFile {
  readonly path: string;
  readonly cause: FileCause;
}

/** @param binaryPath the Envoy that is run */
export function envoyFiles(config: AgentConfig, binaryPath: string): readonly EnvoyFile[] {
  const { flags, envoy, env, proxyConfig } = config;
  const source = bootstrapSource({
    customConfigFile: proxyConfig.customConfigFile,
    templatePath: proxyConfig.templatePath,
    istioBootstrap: env.bootstrapTemplate,
  });
  const files: EnvoyFile[] = [
    { path: flags.meshConfig, cause: 'mesh-config' },
    { path: POD_ANNOTATIONS_PATH, cause: 'mesh-config' },
    { path: POD_LABELS_PATH, cause: 'labels' },
    { path: envoy.bootstrapOverrideFile, cause: 'bootstrap' },
    { path: source.kind === 'built-in' ? '' : source.path, cause: 'bootstrap' },
    { path: binaryPath, cause: 'binary' },
  ];
  return files.filter(({ path }) => path !== '');
}

/** What the files are now, by path. Equal texts: nothing has changed. */
export type Fingerprints = ReadonlyMap<string, string>;

export async function fingerprints(files: readonly EnvoyFile[]): Promise<Fingerprints> {
  const entries = files.map(async (file) => [file.path, await fingerprint(file)] as const);
  return new Map(await Promise.all(entries));
}

/** The files that differ; one that was not there before and is not there now does not. */
export function changedFiles(
  files: readonly EnvoyFile[],
  before: Fingerprints,
  now: Fingerprints,
): readonly EnvoyFile[] {
  return files.filter(({ path }) => before.get(path) !== now.get(path));
}

/** For an agent without hot restart: names the files that Envoy was started without. */
export async function tellOfChanges(
  files: readonly EnvoyFile[],
  atStart: Fingerprints,
  log: Log,
): Promise<void> {
  const changed = changedFiles(files, atStart, await fingerprints(files)).map(({ path }) => path);
  if (changed.length === 0) return log.info('no file that Envoy is made of has changed');
  log.warn(`changed since the start: ${changed.join(', ')}; for Envoy to take it, restart the agent`);
}

/** A binary is too large to be read; its identity tells as much. */
async function fingerprint({ path, cause }: EnvoyFile): Promise<string> {
  if (cause === 'binary') return (await fileIdentity(path)) ?? 'absent';
  try {
    return hash('sha256', await readFile(path));
  } catch (error) {
    return errnoOf(error) ?? 'unreadable'; // ENOENT when there is none; whoever needs the content says why not
  }
}
