// The claims of the demo, in the order in which they are shown. Each looks at real processes and returns the figures
// to print, or throws.

import { serverUrl, countsSince, type Load, type LoadCounts } from './load.ts';
import type { Mesh } from './mesh.ts';
import { spiffeId } from './mesh-config.ts';
import {
  certificateSerial,
  counterSum,
  envoyFacts,
  forwardedCertificate,
  isReady,
  type EnvoyFacts,
} from './facts.ts';
import { describeExit } from './machine.ts';
import { claim } from './report.ts';
import { until } from './until.ts';
import type { Workload } from './workload.ts';

export async function becomesReady({ client, server }: Mesh, signal: AbortSignal): Promise<string> {
  const times = await Promise.all(
    [client, server].map(async (workload) => {
      await until(() => isReady(workload), workload.agent, signal);
      return performance.now() - workload.startedMs;
    }),
  );
  return `client ${ms(times[0])}, server ${ms(times[1])} from the agent's start`;
}

/** Plain HTTP leaves one program and reaches the other; in between it was mTLS, and the server knows who called. */
export async function identifiesCaller(mesh: Mesh): Promise<string> {
  const caller = await seenCaller(mesh);
  claim(caller.get('URI') === spiffeId('client'), `the server saw ${caller.get('URI')}`);
  claim(caller.get('By') === spiffeId('server'), `the server was ${caller.get('By')}`);
  const handshakes = await counterSum(mesh.server, '^listener\\..*\\.ssl\\.handshake$');
  claim(handshakes > 0, "the server's Envoy counted no ssl.handshake");
  return `plain HTTP arrived from ${caller.get('URI')}, ssl.handshake: ${handshakes}`;
}

/** The kernel takes the server's port away from whoever has no certificate. */
export async function refusesStrangers({ topology, control }: Mesh): Promise<string> {
  const { status } = await control.window.get(serverUrl(topology.layout));
  claim(status === 502, `a caller without certificate got ${status}`);
  return 'plain HTTP from outside the mesh got no answer';
}

/** A new certificate is signed and used without a restart and without a failed request. */
export async function rotates(mesh: Mesh, load: Load, signal: AbortSignal): Promise<string> {
  const { client } = mesh;
  const [before, hash, counts] = await Promise.all([
    certificateSerial(client),
    seenHash(mesh),
    load.counts(),
  ]);
  const waited = await until(async () => (await certificateSerial(client)) !== before, client.agent, signal);
  await until(async () => (await seenHash(mesh)) !== hash, client.agent, signal);
  const after = await certificateSerial(client);
  const { sent, failed, reasons } = countsSince(counts, await load.counts());
  claim(failed === 0, failures(failed, sent, reasons));
  return `serial ${short(before)} → ${short(after)} after ${ms(waited)}, the server saw it; ${sent} sent, failed = 0`;
}

/** A new Envoy takes over from the old one under load, and the workload is ready at every moment. */
export async function restartsHot({ server }: Mesh, load: Load, signal: AbortSignal): Promise<string> {
  const old = await running(server);
  const counts = await load.counts();
  const answer = await server.window.post(server.status('/restart'));
  claim(answer.status === 202, `POST /restart answered ${answer.status}: ${answer.body.trim()}`);
  let unready = 0;
  const reached = (condition: (now: EnvoyFacts | undefined) => boolean): Promise<number> =>
    until(
      async () => {
        if (!(await isReady(server))) unready += 1;
        return condition(await envoyFacts(server));
      },
      server.agent,
      signal,
    );
  const took = await reached((now) => now?.epoch === old.epoch + 1);
  await reached((now) => now?.draining === 0);
  const { sent, failed, reasons } = countsSince(counts, await load.counts());
  claim(failed === 0 && sent > 0, failures(failed, sent, reasons));
  claim(unready === 0, `the workload was not ready ${unready} times`);
  return `server's Envoy epoch ${old.epoch} → ${old.epoch + 1} in ${ms(took)}, ready throughout; ${sent} sent, failed = 0`;
}

/** The agent notices the death of its Envoy and starts another. */
export async function survivesKill({ client, server, topology }: Mesh, signal: AbortSignal): Promise<string> {
  const old = await running(server);
  process.kill(old.pid, 'SIGKILL');
  const answers = async (): Promise<boolean> => {
    const now = await envoyFacts(server);
    if (now === undefined || now.pid === old.pid || !(await isReady(server))) return false;
    return (await client.window.get(serverUrl(topology.layout))).status === 200;
  };
  const took = await until(answers, server.agent, signal);
  return `pid ${old.pid} killed, pid ${(await running(server)).pid} answers ${ms(took)} later`;
}

/** SIGTERM: drained, ended with 0, and no Envoy is left. */
export async function stopsOrderly({ client, server }: Mesh): Promise<string> {
  const startMs = performance.now();
  const endings = await Promise.all([client, server].map(endOf));
  const took = performance.now() - startMs;
  for (const { name, exit, envoyPid } of endings) {
    claim(exit === 'exit code 0', `${name} ended with ${exit}`);
    claim(!isAlive(envoyPid), `${name}: its Envoy, pid ${envoyPid}, is still there`);
  }
  return `SIGTERM: both agents drained and ended with 0 in ${ms(took)}, no Envoy left`;
}

async function endOf(workload: Workload): Promise<{
  readonly name: string;
  readonly exit: string;
  readonly envoyPid: number;
}> {
  const { pid } = await running(workload);
  const exit = await workload.agent.stop(15_000);
  return { name: workload.host.name, exit: describeExit(exit), envoyPid: pid };
}

async function running(workload: Workload): Promise<EnvoyFacts> {
  const facts = await envoyFacts(workload);
  claim(facts !== undefined, 'no Envoy runs');
  return facts;
}

async function seenHash(mesh: Mesh): Promise<string | undefined> {
  return (await seenCaller(mesh)).get('Hash');
}

/** One request of the client; what the server's program was told about the caller. */
async function seenCaller({ client, topology }: Mesh): Promise<ReadonlyMap<string, string>> {
  const { headers } = (await client.window.json(serverUrl(topology.layout))) as {
    readonly headers: Readonly<Record<string, string | undefined>>;
  };
  const header = headers['x-forwarded-client-cert'];
  claim(header !== undefined, 'the request came without X-Forwarded-Client-Cert');
  return forwardedCertificate(header);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
}

function failures(failed: number, sent: number, reasons: LoadCounts['reasons']): string {
  const words = Object.entries(reasons).map(([reason, count]) => `${count} × ${reason}`);
  return `${failed} of ${sent} requests failed: ${words.join(', ')}`;
}

function ms(value: number | undefined): string {
  return value === undefined
    ? '?'
    : value < 1000
      ? `${Math.round(value)} ms`
      : `${(value / 1000).toFixed(1)} s`;
}

function short(serial: string | undefined): string {
  return serial === undefined ? '?' : `${serial.slice(0, 6)}…`;
}
