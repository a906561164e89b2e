// A secret as it is handed out, and the names of the two that a workload has.

import { AgentError } from '../runtime/errors.ts';

export const WORKLOAD_SECRET = 'default';
export const TRUST_SECRET = 'ROOTCA';

export type SecretItem =
  | {
      readonly kind: 'certificate';
      readonly name: string;
      /** Leaf first. */
      readonly certificateChainPem: string;
      readonly privateKeyPem: string;
    }
  | {
      readonly kind: 'trust';
      readonly name: string;
      readonly rootPem: string;
      /** Absolute path of the revocation list that goes with the anchors; Envoy reads and follows it. */
      readonly crlPath?: string;
    };

/** A secret that cannot be given now, or a name nobody knows. */
export class SecretError extends AgentError {}
