// A certificate keeper on a clock of the test, with certificates made of nothing but times.

import { AgentError } from '../../src/runtime/errors.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { CertificateKeeper, type KeeperDeps } from '../../src/security/certificate-keeper.ts';
import type { WorkloadCertificate } from '../../src/security/ca/workload-certificate.ts';
import type { RotationSettings } from '../../src/security/rotation.ts';
import { recordingLog, type RecordingLog } from '../support/recording-log.ts';

export interface Issuing {
  lifetimeMs: number;
  /** How far its clock is ahead of ours. */
  aheadMs: number;
  /** Why it refuses; undefined: it signs. */
  down: string | undefined;
  /** Times of the requests so far, wall clock. */
  readonly requestsMs: number[];
}

export interface Kept {
  readonly keeper: CertificateKeeper;
  readonly issuing: Issuing;
  /** What was put into use: serials, oldest first. */
  readonly used: string[];
  readonly recorded: RecordingLog;
}

/** About as long as a real chain or key: what is not let go of is seen. */
const PEM_LENGTH = 2000;

export const HALF: RotationSettings = { graceRatio: 0.5, graceRatioJitter: 0 };

export function kept(clock: Clock, settings = HALF, deps: Partial<KeeperDeps> = {}): Kept {
  const issuing: Issuing = { lifetimeMs: 3_600_000, aheadMs: 0, down: undefined, requestsMs: [] };
  const recorded = recordingLog();
  const used: string[] = [];
  const obtain = async (): Promise<WorkloadCertificate> => {
    issuing.requestsMs.push(clock.now());
    if (issuing.down !== undefined) throw new AgentError(issuing.down, { retryable: true });
    return certificate(String(issuing.requestsMs.length), clock.now(), issuing);
  };
  const onNew = ({ serial }: WorkloadCertificate): void => void used.push(serial);
  const isNeeded = async (): Promise<boolean> => true;
  const common = { obtain, onNew, isNeeded, clock, random: () => 0.5, log: recorded.log };
  return { keeper: new CertificateKeeper(settings, { ...common, ...deps }), issuing, used, recorded };
}

function certificate(
  serial: string,
  nowMs: number,
  { aheadMs, lifetimeMs }: Pick<Issuing, 'aheadMs' | 'lifetimeMs'>,
): WorkloadCertificate {
  return {
    chainPem: `chain ${serial}`.padEnd(PEM_LENGTH),
    keyPem: `key ${serial}`.padEnd(PEM_LENGTH),
    rootPem: 'root',
    serial,
    uris: [],
    createdMs: nowMs,
    notBeforeMs: nowMs + aheadMs,
    expiresMs: nowMs + aheadMs + lifetimeMs,
  };
}
