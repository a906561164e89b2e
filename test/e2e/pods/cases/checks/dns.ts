// DNS capture: what a pod's application asks is answered by its agent.

import { seenBy } from '../asking.ts';
import { type Check, expect } from '../check.ts';
import { hostOf, servedPort } from '../pod-facts.ts';

/** The application reaches the peer by a name that the mesh knows, and the agent counts the question. */
export const answersNamesOfTheMesh: Check = async ({ pod, peer, node }) => {
  const questions = async (): Promise<number> => {
    const { body } = await node.get(`http://${pod.ip}:15020/stats/prometheus`);
    return Number(/^istio_agent_dns_requests_total(?:\{[^}]*\})? (\d+)/m.exec(body)?.[1] ?? 0);
  };
  const before = await questions();
  const url = `http://${hostOf(peer)}:${servedPort(peer.spec)}/`;
  await seenBy(pod, url);
  const asked = (await questions()) - before;
  expect(asked > 0, 'the agent was not asked');
  return `${asked} questions`;
};
