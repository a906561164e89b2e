import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Finished, NetworkNamespace, namespaceObstacle } from '../iptables/network-namespace.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const INJECTED = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -b * -d 15090,15021,15020 --dual-stack'.split(
  ' ',
);
const NATIVE = [...INJECTED, '--native-nftables'];
/** Needs all three tables, routes, and chains that the injected flags do not. */
const LARGE =
  '-m TPROXY -b * -i * --dual-stack --redirect-dns --capture-all-dns --drop-invalid --native-nftables'.split(
    ' ',
  );

/** A namespace with one interface of both families. */
class Pod implements AsyncDisposable {
  readonly namespace: NetworkNamespace;

  private constructor(namespace: NetworkNamespace) {
    this.namespace = namespace;
  }

  static async create(): Promise<Pod> {
    const namespace = await NetworkNamespace.create();
    await namespace.shell(
      [
        'ip link set lo up',
        'ip link add eth0 type veth peer name other',
        'ip addr add 10.77.0.2/24 dev eth0',
        'ip addr add fd77::2/64 dev eth0 nodad',
        'ip link set eth0 up && ip link set other up',
      ].join('\n'),
    );
    return new Pod(namespace);
  }

  agent(args: readonly string[], prefix: readonly string[] = []): Promise<Finished> {
    const [command = 'istio-iptables', ...rest] = args[0]?.startsWith('istio-')
      ? args
      : ['istio-iptables', ...args];
    const [file = '', ...words] = [...prefix, process.execPath, AGENT, command, ...rest];
    return this.namespace.run(file, words);
  }

  /** Rules without the values of counters. */
  async ruleset(): Promise<string> {
    return this.namespace.shell('nft -s list ruleset inet');
  }

  async routes(): Promise<string> {
    return this.namespace.shell('ip rule show; ip -6 rule show; ip -6 -o addr show dev lo scope global');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.namespace[Symbol.asyncDispose]();
  }
}

/** A folder for PATH in which this program is a stand-in. */
async function standIn(directory: string, name: string, script: string): Promise<readonly string[]> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return ['env', `PATH=${directory}:${process.env['PATH']}`];
}

const obstacle = namespaceObstacle(['iptables-legacy', 'nft']);

describe('agent istio-iptables --native-nftables in a network namespace', function () {
  this.timeout(60_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    native nftables are not tested with a real kernel: ${obstacle}`);
    return;
  }

  it('leaves the same rules when it runs again', async () => {
    await using pod = await Pod.create();
    await pod.agent(LARGE);
    const [rules, routes] = [await pod.ruleset(), await pod.routes()];
    assert.match(rules, /^table inet istio-proxy-raw \{$/m);

    const { code, stdout } = await pod.agent(LARGE);

    assert.equal(code, 0, stdout);
    assert.equal(await pod.ruleset(), rules);
    assert.equal(await pod.routes(), routes);
  });

  it('leaves no table and no chain of an earlier configuration', async () => {
    await using fresh = await Pod.create();
    await using changed = await Pod.create();
    await fresh.agent(NATIVE);
    await changed.agent([...NATIVE, '--redirect-dns', '--capture-all-dns', '--drop-invalid']);

    const { code, stdout } = await changed.agent(NATIVE);

    assert.equal(code, 0, stdout);
    assert.equal(await changed.ruleset(), await fresh.ruleset());
  });

  it('restores the state of before at clean-up, tables of others included', async () => {
    await using pod = await Pod.create();
    await pod.namespace.shell("nft add table inet firewall; nft 'add chain inet firewall istio-output'");
    const [rules, routes] = [await pod.ruleset(), await pod.routes()];
    await pod.agent(LARGE);
    assert.notEqual(await pod.routes(), routes);

    const { code, stdout } = await pod.agent([...LARGE, '--cleanup-only']);

    assert.equal(code, 0, stdout);
    assert.equal(await pod.ruleset(), rules);
    assert.equal(await pod.routes(), routes);
  });

  it('cleans up where nothing is', async () => {
    await using pod = await Pod.create();

    const { code, stdout } = await pod.agent([...NATIVE, '--cleanup-only']);

    assert.equal(code, 0, stdout);
    assert.equal(await pod.ruleset(), '');
  });

  it('makes earlier rules again when the routes of new ones are refused', async () => {
    await using pod = await Pod.create();
    await using directory = await temporaryDirectory();
    await pod.agent(NATIVE);
    const rules = await pod.ruleset();
    const withoutRoutes = await standIn(directory.path, 'ip', 'echo "RTNETLINK answers: no" >&2; exit 2');

    const { code, stderr } = await pod.agent(LARGE, withoutRoutes);

    assert.equal(code, 1);
    assert.match(stderr, /failed to configure routes/);
    assert.equal(await pod.ruleset(), rules);
  });

  it('writes the transaction of a dry run to a file and changes nothing', async () => {
    await using pod = await Pod.create();
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'record');

    const { code } = await pod.agent([...NATIVE, '--dry-run'], ['env', `DRY_RUN_FILE_PATH=${file}`]);

    assert.equal(code, 0);
    const record = await readFile(file, 'utf8');
    assert.match(
      record,
      /^add rule inet istio-proxy-nat istio-redirect meta l4proto tcp counter redirect to :15001$/m,
    );
    assert.equal(await pod.ruleset(), '');
    await pod.namespace.run('nft', ['-f', file]);
    assert.match(await pod.ruleset(), /^table inet istio-proxy-nat/);
  });

  it('proves with --run-validation, as the user of the proxy, that traffic is captured', async () => {
    await using pod = await Pod.create();
    await pod.agent(NATIVE);
    const asProxy = ['setpriv', '--reuid=1337', '--regid=1337', '--clear-groups'];

    const { code, stdout } = await pod.agent([...NATIVE, '--skip-rule-apply', '--run-validation'], asProxy);

    assert.equal(code, 0, stdout);
    assert.match(stdout, /Validation passed/);
  });

  it('says when validation fails that no chain of its own is there', async () => {
    await using pod = await Pod.create();
    const flags = ['--skip-rule-apply', '--run-validation', '--probe-timeout=300ms'];

    const { code, stderr } = await pod.agent([...NATIVE, ...flags]);

    assert.equal(code, 126);
    assert.match(stderr, /chains of nft: none/);
  });

  for (const variant of ['nft', 'legacy']) {
    it(`warns of rules that iptables-${variant} holds, and the remedy leaves only its own`, async () => {
      await using fresh = await Pod.create();
      await using pod = await Pod.create();
      await fresh.agent(NATIVE);
      await pod.agent([...INJECTED, `--force-iptables-binary=${variant}`]);

      const { code, stdout } = await pod.agent(NATIVE);
      assert.equal(code, 0, stdout);
      assert.match(
        stdout,
        new RegExp(
          `warn\\s.* still in iptables-${variant}, .* run istio-clean-iptables, then this command again`,
        ),
      );
      await pod.agent(['istio-clean-iptables']);
      assert.equal(await pod.ruleset(), '');
      await pod.agent(NATIVE);

      assert.equal(await pod.ruleset(), await fresh.ruleset());
      assert.doesNotMatch(await pod.namespace.shell(`iptables-${variant}-save`), /ISTIO/);
    });
  }

  it('is warned of by a later run that uses iptables', async () => {
    await using pod = await Pod.create();
    await pod.agent(NATIVE);

    const { code, stdout } = await pod.agent(INJECTED);

    assert.equal(code, 0, stdout);
    assert.equal(stdout.match(/warn\s+nftables still holds rules of an earlier run/g)?.length, 1);
  });

  for (const { problem, prefix, words } of [
    {
      problem: 'without NET_ADMIN',
      prefix: ['setpriv', '--bounding-set=-all', '--inh-caps=-all'],
      words: /could not run nftables command: .*Operation not permitted.*NET_ADMIN/,
    },
    {
      problem: 'without nft',
      prefix: ['env', 'PATH=/nowhere'],
      words:
        /nativeNftables is enabled, but the nft binary is missing in the sidecar container image: .*install/,
    },
  ]) {
    it(`ends with 1 and one line of cause and remedy ${problem}`, async () => {
      await using pod = await Pod.create();

      const { code, stderr } = await pod.agent(NATIVE, prefix);

      assert.equal(code, 1);
      assert.match(stderr, /^Error: [^\n]*\n$/);
      assert.match(stderr, words);
    });
  }

  it('refuses an nft that is too old before anything is changed', async () => {
    await using pod = await Pod.create();
    await using directory = await temporaryDirectory();
    const old = await standIn(directory.path, 'nft', 'echo "nftables v0.9.8 (E.D.S.)"');

    const { code, stderr } = await pod.agent(NATIVE, old);

    assert.equal(code, 1);
    assert.match(stderr, /nft version must be v1\.0\.1 or later \(got nftables v0\.9\.8 \(E\.D\.S\.\)\)/);
    assert.equal(await pod.ruleset(), '');
  });
});
