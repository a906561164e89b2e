// The ways in which the next Envoy can fail to take over. Each asks for a restart, spoils it, and leaves the pod as
// it was. The control plane is silent while a candidate is to be killed: LIVE cannot come first, and a candidate
// that is killed after it would have taken the listeners along.

import { AdminClient, freshConnections } from '../../../src/envoy/admin/admin-client.ts';
import { REFUSED, writeRefused } from './refused-bootstrap.ts';
import type { Outcome, RestartingPod } from './restarting-pod.ts';

export interface CandidateFailure {
  readonly what: string;
  /** What the supervisor must count. */
  readonly outcome: Outcome;
  readonly run: (pod: RestartingPod) => Promise<Outcome>;
}

/** For `ENVOY_HANDOFF_TIMEOUT`: long for a candidate that works, short for a test. */
export const HANDOFF_TIMEOUT = '6s';

export const CANDIDATE_FAILURES: readonly CandidateFailure[] = [
  { what: 'has a bootstrap that Envoy refuses', outcome: 'refused', run: refusedByEnvoy },
  { what: 'is killed as soon as it runs', outcome: 'rolledBack', run: (pod) => killed(pod, () => true) },
  {
    what: 'is killed while it waits for its configuration',
    outcome: 'rolledBack',
    run: (pod) => killed(pod, () => ownsAdmin(pod)),
  },
  {
    what: 'is not live in time',
    outcome: 'rolledBack',
    run: (pod) => whileSilent(pod, async () => undefined),
  },
];

async function refusedByEnvoy(pod: RestartingPod): Promise<Outcome> {
  await writeRefused(pod.pod.root);
  await pod.writeMeshFile(JSON.stringify({ defaultConfig: REFUSED }));
  const outcome = await pod.restart('POST /restart');
  await pod.writeMeshFile('');
  return outcome;
}

function killed(pod: RestartingPod, isDue: () => boolean | Promise<boolean>): Promise<Outcome> {
  return whileSilent(pod, async () => {
    let pid: number | undefined;
    await pod.until(({ candidate }) => {
      pid = candidate?.pid;
      return pid !== undefined;
    });
    await pod.pod.until(async () => isDue());
    process.kill(pid ?? 0, 'SIGKILL');
  });
}

async function whileSilent(pod: RestartingPod, spoil: () => Promise<void>): Promise<Outcome> {
  pod.relay.hold();
  try {
    const outcome = pod.restart('SIGHUP');
    await Promise.all([spoil(), outcome]);
    return await outcome;
  } finally {
    pod.relay.release();
  }
}

/** Asked on a new connection: a kept one goes on reaching the old Envoy, which has no admin port from here on. */
async function ownsAdmin({ pod }: RestartingPod): Promise<boolean> {
  const admin = new AdminClient(freshConnections({ host: '127.0.0.1', port: pod.ports.admin }));
  return (await admin.serverInfo()).state !== 'LIVE';
}
