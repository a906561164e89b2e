// The working directory of one start: what a pod would mount, the files of the case, and the stand-in for Envoy.

import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { AgentStart } from './launch-case.ts';

const DIRECTORIES = [
  'bin/record',
  'etc/istio/proxy',
  'etc/istio/pod',
  'etc/istio/config',
  'var/run/secrets/workload-spiffe-uds',
  'var/run/secrets/credential-uds',
  'var/lib/istio/data',
];

/** Where the stand-in writes what it was given. */
export const RECORD = 'bin/record';

/** There: the file behind `-c`, which may be gone afterwards. */
export const RECORDED_BOOTSTRAP = 'bootstrap.json';

/** Fills `directory`, into which Envoy must be able to write as any user. */
export async function fillWorkingDirectory(
  directory: string,
  { files }: AgentStart,
  rootCertificate: string,
): Promise<void> {
  for (const name of DIRECTORIES) await mkdir(join(directory, name), { recursive: true });
  await chmod(directory, 0o755);
  await chmod(join(directory, RECORD), 0o777);
  await copyFile(join(import.meta.dirname, 'fixtures/envoy'), join(directory, 'bin/envoy'));
  const all: AgentStart['files'] = {
    'var/run/secrets/istio/root-cert.pem': rootCertificate,
    'var/run/secrets/tokens/istio-token': 'token-for-tests',
    ...files,
  };
  for (const [name, content] of Object.entries(all)) {
    const path = join(directory, name);
    if (content === null) await rm(path, { force: true });
    else await writeText(path, inDirectory(content, directory));
  }
}

async function writeText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** A text of a case, which writes `${DIR}` for its working directory. */
export function inDirectory(text: string, directory: string): string {
  return text.replaceAll('${DIR}', directory);
}
