import assert from 'node:assert/strict';
import { join } from 'node:path';

import { normalSave } from '../conformance/kernel/save-text.ts';
import { type Finished, NetworkNamespace, namespaceObstacle } from '../iptables/network-namespace.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const POD = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020'.split(' ');
const obstacle = namespaceObstacle();

async function pod(address = '10.77.0.2/24'): Promise<NetworkNamespace> {
  const made = await NetworkNamespace.create();
  await made.shell(`
    ip link set lo up
    ip link add eth0 type veth peer name eth1
    ip addr add ${address} dev eth0
    ip link set eth0 up
  `);
  return made;
}

function agent(
  where: NetworkNamespace,
  args: readonly string[],
  env: readonly string[] = [],
): Promise<Finished> {
  return where.run('env', [...env, process.execPath, AGENT, 'istio-iptables', ...POD, ...args]);
}

async function saved(where: NetworkNamespace, tool: string): Promise<string> {
  return normalSave((await where.run(`${tool}-save`, [])).stdout);
}

describe('agent istio-iptables in other places than a usual pod', function () {
  this.timeout(60_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    other places are not tested: ${obstacle}`);
    return;
  }

  it('works inside the network that is named, and only there', async () => {
    await using outside = await pod();
    await using inside = await pod('fd77::2/64');

    const { code, stdout, stderr } = await agent(outside, [
      '--network-namespace',
      `/proc/${inside.pid}/ns/net`,
    ]);

    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ENABLE_INBOUND_IPV6=true$/m);
    assert.equal(await saved(outside, 'iptables-nft'), '');
    assert.match(await saved(inside, 'ip6tables-nft'), /ISTIO_OUTPUT/);
  });

  it('ends as the run in the named network ends, with its line', async () => {
    await using outside = await pod();
    await using inside = await NetworkNamespace.create();

    const { code, stderr } = await agent(outside, ['--network-namespace', `/proc/${inside.pid}/ns/net`]);

    assert.equal(code, 1);
    assert.match(stderr, /^Error: \[IPT-NO-ADDRESS\] [^\n]*\n$/);
  });

  for (const kind of ['--force-iptables-binary=nft', '--force-iptables-binary=legacy', '--native-nftables']) {
    it(`reports beforehand that all is well, and leaves nothing behind (${kind})`, async () => {
      await using place = await pod();
      const all = '--redirect-dns --capture-all-dns --drop-invalid -m TPROXY --preflight=json'.split(' ');

      const { code, stdout, stderr } = await agent(place, [kind, ...all]);

      assert.equal(code, 0, stderr);
      const findings = JSON.parse(stdout) as readonly { readonly name: string; readonly state: string }[];
      assert.deepEqual(
        findings.filter(({ state }) => state !== 'ok'),
        [],
      );
      for (const tool of ['iptables-nft', 'iptables-legacy']) assert.equal(await saved(place, tool), '');
      assert.doesNotMatch(await place.shell('nft list ruleset'), /istio/i);
    });
  }

  it('does without IPv4 tools where there is no IPv4 address', async () => {
    await using place = await pod('fd77::2/64');
    await place.shell(`
      mount -t tmpfs none /mnt
      for tool in ip6tables-nft ip6tables-nft-save ip6tables-nft-restore ip; do ln -s /usr/sbin/$tool /mnt/; done
    `);

    const { code, stdout, stderr } = await agent(place, [], ['PATH=/mnt']);

    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /warn\tFailed to detect a working iptables binary; continuing because this host has no IPv4/,
    );
    assert.match(await saved(place, 'ip6tables-nft'), /ISTIO_OUTPUT/);
  });

  for (const tool of ['nft', 'legacy']) {
    it(`repairs own chains with --reconcile=auto, and touches nothing else (${tool})`, async () => {
      await using place = await pod();
      const forced = [`--force-iptables-binary=${tool}`];
      await place.shell(`iptables-${tool} -t nat -A OUTPUT -p udp --dport 9 -j RETURN`);
      await agent(place, forced);
      const wanted = await saved(place, `iptables-${tool}`);
      await place.shell(`
        iptables-${tool} -t nat -F ISTIO_INBOUND
        iptables-${tool} -t nat -A ISTIO_REDIRECT -p udp -j RETURN
        iptables-${tool} -t raw -N ISTIO_OLD
        iptables-${tool} -t raw -A OUTPUT -j ISTIO_OLD
      `);

      const { code, stderr } = await agent(place, [...forced, '--reconcile=auto']);

      assert.equal(code, 0, stderr);
      assert.equal(await saved(place, `iptables-${tool}`), wanted);
      assert.doesNotMatch((await place.run(`iptables-${tool}-save`, ['-t', 'filter'])).stdout, /DROP/);
    });
  }

  it('finds and removes rules that two runs have set by different variants', async () => {
    await using place = await pod();
    await agent(place, ['--force-iptables-binary=nft']);
    await agent(place, ['--force-iptables-binary=legacy']);

    const again = await agent(place, []);
    const cleaned = await agent(place, ['--cleanup-only']);

    assert.match(
      again.stdout,
      /warn\trules of an earlier run are also in iptables-nft, .* run istio-clean-iptables/,
    );
    assert.equal(cleaned.code, 0, cleaned.stderr);
    for (const tool of ['iptables-nft', 'iptables-legacy']) assert.equal(await saved(place, tool), '');
  });

  it('keeps the present rules when --reconcile brings ones that the tools refuse', async () => {
    await using place = await pod();
    await agent(place, []);
    const before = await saved(place, 'iptables-nft');

    const { code, stderr } = await agent(place, ['--reconcile', '-u', 'nobody-known']);

    assert.equal(code, 1);
    assert.match(stderr, /\[IPT-UNKNOWN-OWNER\]/);
    assert.equal(await saved(place, 'iptables-nft'), before);
  });

  it('runs tools of CNI mode without the user lists of the node, and with a lock of the pod', async () => {
    await using place = await pod();
    const told = '/mnt/told';
    await place.shell(`
      mount -t tmpfs none /mnt
      for end in -save -restore ''; do
        printf '#!/bin/sh\\necho "$XTABLES_LOCKFILE $(wc -c < /etc/nsswitch.conf)" >> ${told}\\nexec /usr/sbin/%s "$@"\\n' \\
          iptables-legacy$end > /mnt/iptables-legacy$end
        chmod +x /mnt/iptables-legacy$end
      done
    `);
    const network = `/proc/${place.pid}/ns/net`;
    const flags = ['--cni-mode', '--network-namespace', network, '--force-iptables-binary=legacy'];

    const { code, stderr } = await agent(place, flags, [`PATH=/mnt:${process.env['PATH']}`]);

    assert.equal(code, 0, stderr);
    assert.match(await saved(place, 'iptables-legacy'), /ISTIO_OUTPUT/);
    const lines = new Set((await place.shell(`cat ${told}`)).trim().split('\n'));
    assert.deepEqual([...lines], [`${network} 0`]);
    assert.notEqual((await place.shell('wc -c < /etc/nsswitch.conf')).trim(), '0');
  });

  it('completes a capture whose second table is not there yet', async () => {
    await using place = await pod();
    const flags = ['--drop-invalid'];
    await agent(place, flags);
    const wanted = await saved(place, 'iptables-nft');
    await place.shell('iptables-nft -t nat -F; iptables-nft -t nat -X');

    const { code, stderr } = await agent(place, flags);

    assert.equal(code, 0, stderr);
    assert.equal(await saved(place, 'iptables-nft'), wanted);
  });

  it('starts no more than a dozen programs, choosing the variant included', async () => {
    await using place = await pod();
    const wrapped = ['iptables', 'ip6tables'].flatMap((name) =>
      ['nft', 'legacy'].flatMap((variant) =>
        ['', '-save', '-restore'].map((end) => `${name}-${variant}${end}`),
      ),
    );
    await place.shell(`
      mount -t tmpfs none /mnt
      for tool in ${wrapped.join(' ')} nft ip; do
        printf '#!/bin/sh\\necho x >> /mnt/runs\\nexec /usr/sbin/%s "$@"\\n' $tool > /mnt/$tool
        chmod +x /mnt/$tool
      done
    `);

    const { code } = await agent(place, [], [`PATH=/mnt:${process.env['PATH']}`]);

    assert.equal(code, 0);
    const runs = Number(await place.shell('wc -l < /mnt/runs'));
    assert.ok(runs <= 12, `${runs} programs`);
  });
});
