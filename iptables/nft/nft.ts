// The program `nft` as three operations: prove that it can be used, list, load. It owns the words of its failures.
// Upstream counterpart: tools/istio-nftables/pkg/nft, tools/istio-iptables/pkg/cmd/root.go.

import { CaptureError } from '../errors.ts';
import { failureId, oneLine } from '../tools/failure.ts';
import { type RunTool, type ToolCall, type ToolResult, ToolStartError } from '../tools/run-tool.ts';

/** What a shell, and every program that starts another one, ends with when that is missing. */
const NOT_FOUND = 127;

export class Nft {
  readonly #run: RunTool;
  /** Where the program was looked for. */
  readonly #place: string;

  /** @param options in CNI mode this process sees the file system of the node */
  constructor(run: RunTool, { cniMode }: { readonly cniMode: boolean }) {
    this.#run = run;
    this.#place = cniMode ? 'on the host filesystem' : 'in the sidecar container image';
  }

  /** @throws CaptureError when the program is missing, too old, or may not change rules */
  async prove(): Promise<void> {
    const version = await this.#version();
    if (TOO_OLD.test(version)) {
      throw new CaptureError(`nft version must be v1.0.1 or later (got ${version})`, { id: 'IPT-OLD-NFT' });
    }
    await this.check('add table inet test\n');
  }

  /** Asks the kernel about a transaction and changes nothing. @throws CaptureError when it would be refused */
  async check(text: string): Promise<void> {
    const { code, stderr } = await this.#nft({ args: ['--check', '-f', '-'], input: text });
    if (code !== 0) throw failure('could not run nftables command', stderr);
  }

  /** All rules of all families, without counters' values. @throws CaptureError */
  async list(): Promise<string> {
    const { code, stdout, stderr } = await this.#nft({ args: ['-s', 'list', 'ruleset'] });
    if (code === 0) return stdout;
    throw failure('the present nftables rules cannot be read', stderr);
  }

  /** All of it or nothing. @throws CaptureError `nftables run failed: …` */
  async load(text: string): Promise<void> {
    const { code, stderr } = await this.#nft({ args: ['-f', '-'], input: text });
    if (code !== 0) throw failure('nftables run failed', stderr);
  }

  async #version(): Promise<string> {
    const { code, stdout, stderr } = await this.#nft({ args: ['--version'] }).catch((error: unknown) => {
      throw error instanceof ToolStartError && error.missing ? this.#missing(error.message, error) : error;
    });
    if (code === NOT_FOUND) throw this.#missing(oneLine(stderr));
    return stdout.trim();
  }

  #missing(words: string, cause?: ToolStartError): CaptureError {
    const message = `nativeNftables is enabled, but the nft binary is missing ${this.#place}`;
    return new CaptureError(`${message}: ${words}`, { id: 'IPT-NO-TOOL', cause });
  }

  #nft(call: Omit<ToolCall, 'file'>): Promise<ToolResult> {
    return this.#run({ file: 'nft', ...call });
  }
}

/** The first one that understands all of our rules is 1.0.1. */
const TOO_OLD = /^nftables v(?:0\.|1\.0\.0 )/;

const NO_KERNEL_SUPPORT = /not supported|no such file or directory/i;

/** The program's own words in one line, without the markers under the quoted rule. */
function failure(what: string, stderr: string): CaptureError {
  const words = oneLine(stderr.replaceAll(/^[\s^~]+$/gm, ''));
  const id = NO_KERNEL_SUPPORT.test(stderr) ? 'IPT-NO-NFT-MODULE' : failureId(stderr);
  return new CaptureError(`${what}: ${words}`, { id });
}
