// Whether a binary speaks the restart protocol of the running Envoy. It is asked once, and again when the file was
// replaced.

import { errnoOf, messageOf } from '../../runtime/errors.ts';
import { envoyCommand, type EnvoyProgram } from '../process/command.ts';
import { shortRun, type ShortRunDeps } from '../process/short-run.ts';
import { closed, OPEN, type Verdict } from './verdict.ts';

const TIMEOUT_MS = 5000;

export class RestartVersions {
  readonly #deps: ShortRunDeps;
  #known: { readonly binaryId: string; readonly version: string } | undefined;

  constructor(deps: ShortRunDeps) {
    this.#deps = deps;
  }

  /**
   * @param binaryId which file the program is; undefined: unknown
   * @param running `hot_restart_version` of the running Envoy; undefined: it was not told
   */
  async compare(
    program: EnvoyProgram,
    binaryId: string | undefined,
    running: string | undefined,
    signal: AbortSignal,
  ): Promise<Verdict> {
    if (running === undefined) return OPEN; // then the child says so, before it touches anything
    let version: string;
    try {
      version = await this.#versionOf(program, binaryId, signal);
    } catch (error) {
      return closed(`cannot run ${program.binaryPath}: ${errnoOf(error) ?? messageOf(error)}`);
    }
    if (version === running && version !== 'disabled') return OPEN;
    const both = `of ${program.binaryPath} is "${version}", the running Envoy has "${running}"`;
    return closed(`hot restart version ${both}: a cold restart is needed`);
  }

  async #versionOf(
    program: EnvoyProgram,
    binaryId: string | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    if (this.#known !== undefined && this.#known.binaryId === binaryId) return this.#known.version;
    const command = envoyCommand(program, ['--hot-restart-version']);
    const { stderr, exit } = await shortRun(this.#deps, command, TIMEOUT_MS, signal);
    const version = stderr.join('').trim(); // on standard error, without a newline
    if (binaryId !== undefined && exit.code === 0) this.#known = { binaryId, version };
    return version;
  }
}
