import assert from 'node:assert/strict';
import { join } from 'node:path';

import { type Finished, NetworkNamespace, namespaceObstacle } from '../iptables/network-namespace.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const RULES = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020'.split(' ');
const VALIDATE = [...RULES, '--run-validation', '--skip-rule-apply'];
const SOON = ['--probe-timeout', '1500ms'];
const AS_PROXY = '--reuid 1337 --regid 1337 --clear-groups --bounding-set=-all --inh-caps=-all'.split(' ');

const obstacle = namespaceObstacle();

/** A pod that nothing can be written in, as the validation container is. */
async function readOnlyPod(address: string): Promise<NetworkNamespace> {
  const pod = await NetworkNamespace.create();
  await pod.shell(`
    ip link set lo up
    ip link add eth0 type veth peer name eth1
    ip addr add ${address} dev eth0 nodad
    ip link set eth0 up
    mount -o remount,bind,ro /
  `);
  return pod;
}

function agent(
  pod: NetworkNamespace,
  args: readonly string[],
  prefix: readonly string[] = [],
): Promise<Finished> {
  const [file = '', ...words] = [...prefix, process.execPath, AGENT, 'istio-iptables', ...args];
  return pod.run(file, words);
}

function asProxy(pod: NetworkNamespace, args: readonly string[]): Promise<Finished> {
  return agent(pod, args, ['setpriv', ...AS_PROXY]);
}

describe('agent istio-iptables --run-validation in a network namespace', function () {
  this.timeout(60_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    validation is not tested with real rules: ${obstacle}`);
    return;
  }

  for (const address of ['10.77.0.2/24', 'fd77::2/64']) {
    it(`passes as the proxy without any right where ${address} is captured`, async () => {
      await using pod = await readOnlyPod(address);
      await agent(pod, RULES);

      const { code, stdout, stderr } = await asProxy(pod, VALIDATE);

      assert.equal(code, 0, stderr);
      assert.match(stdout, /Validation passed, iptables rules established: the probe arrived at 15006/);
    });
  }

  it('fails with 126 after the time it was given when there are no rules', async () => {
    await using pod = await readOnlyPod('10.77.0.2/24');

    const { code, stdout, stderr } = await asProxy(pod, [...VALIDATE, ...SOON]);

    assert.equal(code, 126);
    assert.match(stdout, /iptables validation failed; workload is not ready for Istio\./);
    assert.match(stderr, /^Error: .*validation timeout: .*uid 1337.*cannot read its rules: [^\n]*\n$/);
  });

  it('fails as another user, and says which user it had to be', async () => {
    await using pod = await readOnlyPod('10.77.0.2/24');
    await agent(pod, RULES);

    const { code, stderr } = await agent(pod, [...VALIDATE, ...SOON]);

    assert.equal(code, 126);
    assert.match(
      stderr,
      /runs as uid 0, .*only what uid 1337 sends; chains of iptables-nft: nat\/ISTIO_INBOUND/,
    );
    assert.doesNotMatch(stderr, /lacks the rule/);
  });

  it('names the rule that is missing', async () => {
    await using pod = await readOnlyPod('10.77.0.2/24');
    await agent(pod, RULES);
    await pod.shell('iptables-nft -t nat -D ISTIO_OUTPUT 2'); // the first is the passthrough's

    const { code, stderr } = await agent(pod, [...VALIDATE, ...SOON]);

    assert.equal(code, 126);
    assert.match(stderr, /iptables-nft lacks the rule nat: -A ISTIO_OUTPUT -o lo [^;]*-j ISTIO_IN_REDIRECT/);
  });

  it('warns when the probe comes in at the outbound port', async () => {
    await using pod = await readOnlyPod('10.77.0.2/24');
    await agent(pod, RULES);
    await pod.shell('iptables-nft -t nat -I OUTPUT 1 -p tcp --dport 15002 -j REDIRECT --to-ports 15001');

    const { code, stdout } = await asProxy(pod, VALIDATE);

    assert.equal(code, 0);
    assert.match(stdout, /warn\tthe probe arrived at 15001, .* not at 15006/);
  });

  it('follows the rules it has just set', async () => {
    await using pod = await readOnlyPod('10.77.0.2/24');

    const { code, stdout } = await agent(pod, [...RULES.with(5, '0'), '--run-validation']);

    assert.equal(code, 0);
    assert.ok(stdout.indexOf('Running iptables restore') < stdout.indexOf('Validation passed'));
  });

  it('is left out of a dry run', async () => {
    await using pod = await readOnlyPod('10.77.0.2/24');

    const { code, stdout } = await agent(pod, [...RULES, '--run-validation', '--dry-run']);

    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /validation/i);
  });
});
