// Which extensions the Envoy at hand lacks: it is run on the smallest configuration that asks for one, which takes
// some 50 ms and touches nothing. Its version does not say, and the list it can print names extensions by other names.

import { messageOf } from '../../runtime/errors.ts';
import { SECOND_MS } from '../../runtime/duration.ts';
import { envoyCommand, type EnvoyProgram } from './command.ts';
import { shortRun, type ShortRunDeps } from './short-run.ts';

export interface ExtensionQuestion {
  readonly name: string;
  /** A bootstrap that asks for this extension and nothing else. */
  readonly sample: object;
}

export interface ExtensionCheckDeps extends ShortRunDeps {
  readonly warn: (message: string) => void;
}

const TIMEOUT_MS = 5 * SECOND_MS;

/** Envoy's words; any other refusal comes later, from an Envoy that knows the extension. */
const NOT_REGISTERED = "Didn't find a registered implementation";

export class ExtensionCheck {
  readonly #deps: ExtensionCheckDeps;
  readonly #program: EnvoyProgram;
  /** By name; each is asked once. */
  readonly #lacks = new Map<string, Promise<boolean>>();

  constructor(deps: ExtensionCheckDeps, program: EnvoyProgram) {
    this.#deps = deps;
    this.#program = program;
  }

  /** The names of those that Envoy lacks. One that cannot be asked about counts as there, after a warning. */
  async lacking(questions: readonly ExtensionQuestion[], signal: AbortSignal): Promise<readonly string[]> {
    const answers = questions.map(async ({ name, sample }) => {
      const asked = this.#lacks.get(name) ?? this.#ask(name, sample, signal);
      this.#lacks.set(name, asked);
      return (await asked) ? [name] : [];
    });
    return (await Promise.all(answers)).flat();
  }

  async #ask(name: string, sample: object, signal: AbortSignal): Promise<boolean> {
    const config = JSON.stringify(sample);
    const args = ['--mode', 'validate', '--disable-hot-restart', '-l', 'critical', '--config-yaml', config];
    try {
      const run = await shortRun(this.#deps, envoyCommand(this.#program, args), TIMEOUT_MS, signal);
      if (!run.timedOut) return run.stderr.some((line) => line.includes(NOT_REGISTERED));
      this.#cannotTell(name, 'no answer in time');
    } catch (error) {
      this.#cannotTell(name, messageOf(error));
    }
    return false;
  }

  #cannotTell(name: string, why: string): void {
    const { binaryPath } = this.#program;
    this.#deps.warn(
      `cannot tell whether ${binaryPath} has ${name}: ${why}; taken for istio-proxy, see ENVOY_FLAVOR`,
    );
  }
}
