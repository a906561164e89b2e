// The stream to the control plane as a session needs it; over the network it is an UpstreamConnection.

import type { Ending } from './endings.ts';

export interface UpstreamStream {
  /** Address of the control plane as it was reached. */
  readonly peer: string;
  /** How it ended; never rejects. */
  readonly ended: Promise<Ending>;
  /** Resolves when the transport has taken the bytes; on a stream that has ended it may stay pending. */
  readonly send: (bytes: Buffer, signal: AbortSignal) => Promise<void>;
  /** Ends it in order; resolves when it is gone. */
  readonly finish: () => Promise<void>;
  /** Ends it at once; resolves when it is gone. */
  readonly close: () => Promise<void>;
}
