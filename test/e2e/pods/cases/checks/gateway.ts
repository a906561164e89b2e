// A gateway: listens where callers from outside come, and goes on into the mesh as a member of it.

import { callerOf, seenIn } from '../asking.ts';
import { type Check, expect } from '../check.ts';
import { hostOf, identityOf } from '../pod-facts.ts';

/** A low port, which the container's user may only have by the sysctl of the pod. */
const PORT = 80;

/** Plain HTTP from the node reaches the peer by its name, and the peer learns that the gateway called. */
export const routesIntoTheMesh: Check = async ({ pod, node, peer }) => {
  const host = hostOf(peer);
  const { status, body } = await node.get(`http://${pod.ip}:${PORT}/`, host);
  expect(status === 200, `${host} was answered with ${status}: ${body.trim()}`);
  const [caller, wanted] = [callerOf(seenIn(body)), identityOf(pod.spec)];
  expect(caller === wanted, `the peer saw ${caller}, not ${wanted}`);
  return caller;
};

export const answersUnknownHostsWith404: Check = async ({ pod, node }) => {
  const { status } = await node.get(`http://${pod.ip}:${PORT}/`, 'unknown.example.com');
  expect(status === 404, `an unknown host was answered with ${status}`);
  return undefined;
};
