// Whether a proxyless application can start: its bootstrap is there, and so are the certificates the bootstrap names.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/grpcready/probe.go.

import { access, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { messageOf } from '../../runtime/errors.ts';
import { isJsonObject, type Json } from '../../runtime/json.ts';
import type { Prober } from './readiness.ts';

export interface GrpcBootstrapCheckSettings {
  /** GRPC_XDS_BOOTSTRAP, relative to the working directory or absolute. */
  readonly path: string;
  readonly workingDirectory: string;
}

const FILES = ['certificate_file', 'private_key_file', 'ca_certificate_file'];

export class GrpcBootstrapCheck implements Prober {
  readonly name = 'grpc-bootstrap';
  readonly #settings: GrpcBootstrapCheckSettings;
  /** Read once: the file is not changed any more. */
  #files: readonly string[] | undefined;

  constructor(settings: GrpcBootstrapCheckSettings) {
    this.#settings = settings;
  }

  /** A bootstrap that names no certificates needs none. */
  passes(): boolean {
    return this.#files?.length === 0;
  }

  async failure(): Promise<string | undefined> {
    const { path, workingDirectory } = this.#settings;
    try {
      this.#files ??= certificateFiles(JSON.parse(await readFile(resolve(workingDirectory, path), 'utf8')));
    } catch (error) {
      return `failed loading ${path}: ${messageOf(error)}`;
    }
    for (const file of this.#files) {
      if (!(await exists(resolve(workingDirectory, file)))) return `${file} does not exist`;
    }
    return undefined;
  }
}

/** Those of the first provider that reads files, under whatever name. */
function certificateFiles(bootstrap: Json): readonly string[] {
  const providers = member(bootstrap, 'certificate_providers');
  const ofFiles = Object.values(isJsonObject(providers) ? providers : {}).find(
    (provider) => member(provider, 'plugin_name') === 'file_watcher',
  );
  const config = member(ofFiles, 'config');
  return FILES.map((name) => member(config, name)).filter((file) => typeof file === 'string');
}

function member(value: Json | undefined, name: string): Json | undefined {
  return value !== undefined && isJsonObject(value) ? value[name] : undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false; // whatever is in the way, the application will not get at it either
  }
}
