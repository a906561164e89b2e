// The files a running Envoy was made of: which they are, and which of them are no longer what they were. Certificates
// are none of them: Envoy gets those over SDS, however often they change.

import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { bootstrapSource } from '../bootstrap/bootstrap-source.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { POD_ANNOTATIONS_PATH, POD_LABELS_PATH } from '../config/pod-info.ts';
import { fileIdentity } from '../envoy/file-identity.ts';
import { errnoOf } from '../runtime/errors.ts';

/** Why a file asks for a restart: what it configures. */
export type FileCause = 'mesh-config' | 'bootstrap' | 'labels' | 'binary';

export interface RestartInput {
  readonly path: string;
  readonly cause: FileCause;
}

/** @param binaryPath the Envoy that is run */
export function restartInputs(config: AgentConfig, binaryPath: string): readonly RestartInput[] {
  const { flags, envoy, env, proxyConfig } = config;
  const source = bootstrapSource({
    customConfigFile: proxyConfig.customConfigFile,
    templatePath: proxyConfig.templatePath,
    istioBootstrap: env.bootstrapTemplate,
  });
  const inputs: RestartInput[] = [
    { path: flags.meshConfig, cause: 'mesh-config' },
    { path: POD_ANNOTATIONS_PATH, cause: 'mesh-config' },
    { path: POD_LABELS_PATH, cause: 'labels' },
    { path: envoy.bootstrapOverrideFile, cause: 'bootstrap' },
    { path: source.kind === 'built-in' ? '' : source.path, cause: 'bootstrap' },
    { path: binaryPath, cause: 'binary' },
  ];
  return inputs.filter(({ path }) => path !== '');
}

/** What the files are now, by path. Equal texts: nothing has changed. */
export type Fingerprints = ReadonlyMap<string, string>;

export async function fingerprints(inputs: readonly RestartInput[]): Promise<Fingerprints> {
  const entries = inputs.map(async (input) => [input.path, await fingerprint(input)] as const);
  return new Map(await Promise.all(entries));
}

/** The inputs that differ; one that was not there before and is not there now does not. */
export function changedInputs(
  inputs: readonly RestartInput[],
  before: Fingerprints,
  now: Fingerprints,
): readonly RestartInput[] {
  return inputs.filter(({ path }) => before.get(path) !== now.get(path));
}

/** A binary is too large to be read; its identity tells as much. */
async function fingerprint({ path, cause }: RestartInput): Promise<string> {
  if (cause === 'binary') return (await fileIdentity(path)) ?? 'absent';
  try {
    return hash('sha256', await readFile(path));
  } catch (error) {
    return errnoOf(error) ?? 'unreadable'; // ENOENT when there is none; whoever needs the content says why not
  }
}
