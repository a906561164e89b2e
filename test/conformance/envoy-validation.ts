// Gives rendered bootstraps to the real Envoy, which must load every one. What asks for an extension that only
// Istio's own Envoy has must load as it is rendered for ENVOY_FLAVOR=upstream, and is named in the report.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { istioExtensions } from '../../src/bootstrap/envoy-extensions.ts';
import { messageOf } from '../../src/runtime/errors.ts';
import type { JsonObject } from '../../src/runtime/json.ts';

export interface RenderedBootstrap {
  readonly document: JsonObject;
  /** Envoy's words; a relative path in them is below `directory`. */
  readonly args: readonly string[];
  readonly directory: string;
}

export class EnvoyValidation {
  readonly #envoy: string | undefined;
  readonly #report: string[] = [];
  #loaded = 0;

  /** @param envoy path of the binary; undefined: nothing is validated, and `why` says why */
  constructor(envoy: string | undefined, why = '') {
    this.#envoy = envoy;
    if (envoy === undefined) this.#report.push(`bootstraps are not given to Envoy: ${why}`);
  }

  static async create(): Promise<EnvoyValidation> {
    try {
      return new EnvoyValidation(await fetchEnvoy());
    } catch (error) {
      return new EnvoyValidation(undefined, messageOf(error));
    }
  }

  /**
   * @param forUpstream called with the same input rendered for upstream's Envoy, when this one needs that
   * @throws AssertionError with Envoy's own words
   */
  async check(
    name: string,
    rendered: RenderedBootstrap,
    forUpstream: (expectLoad: (rendered: RenderedBootstrap) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    if (this.#envoy === undefined) return;
    const refusal = await refusalOf(this.#envoy, rendered);
    const extensions = istioExtensions(rendered.document).map((extension) => extension.name);
    if (refusal !== undefined && extensions.length > 0) {
      await forUpstream((other) => this.#expectLoad(other));
      this.#report.push(`${name}: this Envoy has no ${extensions.join()}, loaded for ENVOY_FLAVOR=upstream`);
    } else if (refusal !== undefined) assert.fail(`Envoy refuses the bootstrap: ${refusal}`);
    this.#loaded += 1;
  }

  /** What was validated, and what with a reservation. */
  report(): readonly string[] {
    return [`Envoy loaded ${this.#loaded} bootstraps`, ...this.#report];
  }

  async #expectLoad(rendered: RenderedBootstrap): Promise<void> {
    const refusal = this.#envoy === undefined ? undefined : await refusalOf(this.#envoy, rendered);
    if (refusal !== undefined) assert.fail(`Envoy refuses what is rendered for upstream: ${refusal}`);
  }
}

/** Why Envoy does not load it, undefined when it does. */
async function refusalOf(envoy: string, { args, directory }: RenderedBootstrap): Promise<string | undefined> {
  const log = join(directory, 'validation.log');
  await using file = await open(log, 'w');
  // a file, since Envoy opens /dev/stdout and /dev/stderr by name, which fails for the sockets that Node hands out
  const stdio = ['ignore', file.fd, file.fd] as const;
  const child = spawn(envoy, ['--mode', 'validate', ...args], { cwd: directory, stdio: [...stdio] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === 0) return undefined;
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  const errors = lines.filter((line) => /^error:|[\t[](?:critical|error)[\t\]]/.test(line));
  return (errors.length > 0 ? errors : lines).join('\n');
}
