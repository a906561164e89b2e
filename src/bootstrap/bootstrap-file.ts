// The rendered bootstrap as a file, and the side file of the Lightstep tracer. The directory belongs to the agent and
// also holds the xDS socket. Upstream: pkg/bootstrap/instance.go CreateFile.

import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ProxyConfigJson } from '../node/proxy-config-json.ts';
import { writeFileAtomic } from '../runtime/files.ts';
import { lightstepTokenPath } from './remote-services.ts';

/** @param epoch with hot restart each epoch has a file of its own: the running one must survive; else undefined */
export function bootstrapPath(configPath: string, epoch: number | undefined, extension = 'json'): string {
  return join(configPath, `envoy-rev${epoch ?? ''}.${extension}`);
}

/**
 * Writes the bootstrap as a whole: on failure there is the old file or none.
 *
 * @param content of `serializeBootstrap`, or of a user's file
 */
export async function writeBootstrap(
  path: string,
  content: string | Uint8Array,
  proxyConfig: ProxyConfigJson,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const token = proxyConfig.tracing?.lightstep?.accessToken ?? '';
  if (token !== '') await writeFileAtomic(lightstepTokenPath(proxyConfig), token, 0o600);
  // PROXY_CONFIG in the node metadata repeats the token.
  await writeFileAtomic(path, content, token === '' ? 0o644 : 0o600);
}

/** After the Envoy that read it has ended. No file is no failure. */
export async function removeBootstrap(path: string): Promise<void> {
  await rm(path, { force: true });
}
