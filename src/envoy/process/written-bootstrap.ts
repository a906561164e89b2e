// A bootstrap that was written for one Envoy, and what the supervisor needs to know of it: whether it is another
// than that of the running Envoy, which arguments belong to it, and how to have it again when a newer one fails.

import type { ArgumentSettings, BootstrapFile } from './arguments.ts';

/** The Envoy that a bootstrap is written for. */
export interface BootstrapLaunch {
  readonly epoch: number;
  /** Unique for every Envoy of this agent, from 0. */
  readonly generation: number;
}

/** What one Envoy is configured with. */
export interface WrittenBootstrap extends BootstrapFile {
  /**
   * SHA-256, hex, of all that Envoy is configured with: the file in canonical form, without what tells the Envoys of
   * one configuration apart, and the override.
   */
  readonly hash: string;
  /** The rest of its command line, as it is configured at the same moment. */
  readonly arguments: ArgumentSettings;
  /** Writes the same for another Envoy: nothing is read or rendered again, so it works whatever is configured now. */
  readonly again: (launch: BootstrapLaunch) => Promise<WrittenBootstrap>;
}
