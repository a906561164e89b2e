// Whether requests take the ways that the pod's rules give them, and who each side sees at the other end.

import { ask, callerOf, seenBy, seenIn } from '../asking.ts';
import { type Check, expect, type Subject } from '../check.ts';
import { applicationOf, captureOf, identityOf, letThroughPorts, servedPort } from '../pod-facts.ts';
import { runProgram } from '../programs.ts';

/** Where requests of a sidecar to its application come from. */
const SIDECAR_ADDRESS = '127.0.0.6';

/** The peer's plain HTTP arrives through both sidecars, and the application learns who called. */
export const isCalledOverMutualTls: Check = async ({ pod, peer }) => {
  const seen = await seenBy(peer, urlOf(pod));
  const [caller, wanted] = [callerOf(seen), identityOf(peer.spec)];
  expect(caller === wanted, `the caller was ${caller}, not ${wanted}`);
  expect(seen.pod === pod.name, `${seen.pod} answered`);
  return caller;
};

/** The same in the other direction: the pod's calls are captured, and the peer learns who it is. */
export const callsOverMutualTls: Check = async ({ pod, peer }) => {
  const seen = await seenBy(pod, urlOf(peer));
  const [caller, wanted] = [callerOf(seen), identityOf(pod.spec)];
  expect(caller === wanted, `the peer saw ${caller}, not ${wanted}`);
  return caller;
};

/** Requests reach the application from its sidecar, not from the caller. */
export const isCalledByItsSidecar: Check = async ({ pod, peer }) => {
  const { from } = await seenBy(peer, urlOf(pod));
  expect(from.address === SIDECAR_ADDRESS, `the application was called from ${from.address}`);
  return undefined;
};

/** Requests reach the application from the caller's own address, although they came through the sidecar. */
export const keepsTheSourceAddress: Check = async ({ pod, peer }) => {
  const seen = await seenBy(peer, urlOf(pod));
  expect(callerOf(seen) !== undefined, 'the request did not come through the sidecar');
  expect(
    seen.from.address === peer.ip,
    `the application was called from ${seen.from.address}, not ${peer.ip}`,
  );
  return peer.ip;
};

/** A caller from outside the mesh is let in where the mesh is permissive: through the sidecar, without a name. */
export const takesPlainText: Check = async ({ pod, node }) => {
  const { status, body } = await node.get(urlOf(pod));
  expect(status === 200, `plain text from the node was answered with ${status}: ${body.trim()}`);
  const seen = seenIn(body);
  expect(callerOf(seen) === undefined, `the caller was ${callerOf(seen)}`);
  expect('x-request-id' in seen.headers, 'the request did not come through the sidecar');
  return undefined;
};

/** A caller without a certificate gets no answer on a captured port where the mesh is strict. */
export const refusesPlainText: Check = async ({ pod, node }) => {
  const { status, body } = await node.get(urlOf(pod));
  expect(status === 502, `plain text from the node was answered with ${status}: ${body.trim()}`);
  return body.trim();
};

/** Connections to ports that the arguments exclude or do not include reach the application from who made them. */
export const leavesOtherInboundPortsAlone: Check = async ({ pod, node, mesh }) => {
  const ports = letThroughPorts(pod.spec);
  expect(ports.length > 0, 'the arguments let no port through');
  for (const port of ports) {
    const { from } = await seenFrom(node, pod, port);
    expect(from.address === mesh.kubelet.nodeAddress, `port ${port} was called from ${from.address}`);
  }
  return `ports ${ports.join(', ')}`;
};

/** Connections to the ports that the arguments name come from the sidecar. */
export const takesItsInboundPorts: Check = async ({ pod, node }) => {
  const { includedInbound } = captureOf(pod.spec);
  for (const port of includedInbound) {
    const { from } = await seenFrom(node, pod, Number(port));
    expect(from.address === SIDECAR_ADDRESS, `port ${port} was called from ${from.address}`);
  }
  return `ports ${includedInbound.join(', ')}`;
};

/** Calls to ports that the arguments exclude do not go to Envoy; others do. */
export const leavesExcludedOutboundPortsAlone: Check = async (subject) => {
  const { excludedOutbound } = captureOf(subject.pod.spec);
  expect(excludedOutbound.length > 0, 'the arguments exclude no outbound port');
  for (const port of excludedOutbound)
    expect((await outboundMet(subject, Number(port))) === 0, `a call to port ${port} met Envoy`);
  const met = await outboundMet(subject, servedPort(subject.peer.spec));
  expect(met > 0, 'a call to another port did not meet Envoy either');
  return `ports ${excludedOutbound.join(', ')}`;
};

/** Calls to addresses outside of the ranges that the arguments name do not meet Envoy. */
export const leavesOtherAddressesAlone: Check = async (subject) => {
  const { includedRanges } = captureOf(subject.pod.spec);
  expect(!includedRanges.includes('*'), 'the arguments capture every address');
  const port = servedPort(subject.peer.spec);
  expect((await outboundMet(subject, port)) === 0, `a call to ${subject.peer.ip} met Envoy`);
  return undefined;
};

/** How many connections go to Envoy when the application calls a port of the peer. */
async function outboundMet({ pod, peer }: Subject, port: number): Promise<number> {
  const before = await outboundConnections(pod);
  await ask(pod, `tcp://${peer.ip}:${port}`, '--timeout-ms', '1000'); // whether anybody answers does not matter
  return (await outboundConnections(pod)) - before;
}

/** Connections that the kernel has sent to Envoy's outbound listener: the rule sees the first packet of each. */
async function outboundConnections({ networkNamespace, spec }: Subject['pod']): Promise<number> {
  const { outboundPort } = captureOf(spec);
  const words = [`--net=${networkNamespace}`, 'iptables-nft-save', '--counters', '--table', 'nat'];
  const { stdout, stderr } = await runProgram('nsenter', words);
  const [, packets] =
    new RegExp(`^\\[(\\d+):\\d+\\] -A ISTIO_REDIRECT .*--to-ports ${outboundPort}$`, 'm').exec(stdout) ?? [];
  expect(packets !== undefined, `no rule sends connections to port ${outboundPort}: ${stdout}${stderr}`);
  return Number(packets);
}

/** What the application saw of a request of the node to one of its ports. */
async function seenFrom(
  node: Subject['node'],
  pod: Subject['pod'],
  port: number,
): Promise<ReturnType<typeof seenIn>> {
  const { status, body } = await node.get(`http://${pod.ip}:${port}/`);
  expect(status === 200, `port ${port} answered ${status}: ${body.trim()}`);
  return seenIn(body);
}

/** Each container of the pod that serves something is reached from the node. */
export const reachesItsApplication: Check = async ({ pod, node }) => {
  const { ports } = applicationOf(pod.spec);
  const port = ports[0]?.containerPort ?? 80;
  await seenFrom(node, pod, port);
  return `port ${port}`;
};

/** A port of the application that callers of the mesh use. */
export function urlOf({ ip, spec }: Subject['pod'], path = '/'): string {
  return `http://${ip}:${servedPort(spec)}${path}`;
}
