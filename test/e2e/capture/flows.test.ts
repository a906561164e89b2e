import assert from 'node:assert/strict';

import { namespaceObstacle } from '../../iptables/network-namespace.ts';
import { BACKENDS } from './backends.ts';
import { type Flow, SCENARIOS } from './flows.ts';
import { ADDRESSES, type IpVersion, PodAndPeer } from './pod-and-peer.ts';

const VERSIONS: readonly IpVersion[] = ['IPv4', 'IPv6'];

async function checkFlow(hosts: PodAndPeer, version: IpVersion, flow: Flow): Promise<void> {
  const addresses = ADDRESSES[version];

  const outcome = await hosts[flow.from].call({
    owner: flow.owner,
    protocol: flow.protocol,
    address: addresses[flow.to],
    port: flow.port,
    ...(flow.as !== undefined && { source: addresses[flow.as] }),
    ...(flow.sourcePort !== undefined && { sourcePort: flow.sourcePort }),
  });

  assert.ok('listener' in outcome, `nobody answered: ${JSON.stringify(outcome)}`);
  assert.equal(outcome.listener, flow.arrivesAt);
  assert.equal(outcome.through, flow.through);
  if (flow.seenFrom !== undefined) assert.equal(outcome.source, addresses[flow.seenFrom]);
}

const obstacle = namespaceObstacle(['iptables-legacy', 'nft', 'python3']);

describe('captured traffic', function () {
  this.timeout(60_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    traffic capture is not tested with real packets: ${obstacle}`);
    return;
  }

  for (const [backend, env] of Object.entries(BACKENDS)) {
    for (const scenario of SCENARIOS) {
      describe(`under rules of ${backend}, ${scenario.name}`, () => {
        let hosts: PodAndPeer;

        before(async () => {
          hosts = await PodAndPeer.create(scenario.mode);
          const { code, stdout, stderr } = await hosts.agent(scenario.args, { ...env, ...scenario.env });
          assert.equal(code, 0, stdout + stderr);
        });

        after(() => hosts[Symbol.asyncDispose]());

        for (const version of VERSIONS) {
          for (const flow of scenario.flows) {
            it(`the rules ${flow.name}, over ${version}`, () => checkFlow(hosts, version, flow));
          }
        }
      });
    }
  }
});
