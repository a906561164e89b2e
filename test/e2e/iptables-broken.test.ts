import assert from 'node:assert/strict';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ErrorId } from '../../iptables/error-ids.ts';
import { normalSave } from '../conformance/kernel/save-text.ts';
import { NetworkNamespace, namespaceObstacle } from '../iptables/network-namespace.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const POD = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020'.split(' ');

interface Broken {
  readonly what: string;
  readonly id: ErrorId;
  /** Of the line on standard error, beside id and remedy. */
  readonly cause: RegExp;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Shell lines that break the place; `$DIR` is a folder of the case. */
  readonly breaks?: string;
  /** Programs in front of the real ones: shell scripts by name. */
  readonly standIns?: Readonly<Record<string, string>>;
  /** The only programs there are. */
  readonly programs?: readonly string[];
  /** What the command is run with. */
  readonly prefix?: readonly string[];
}

const LEGACY = ['--force-iptables-binary=legacy'];
const NO_OWNER = "iptables-restore v1.8.9: Couldn't load match `owner':No such file or directory";
const NO_TABLE = "iptables v1.8.9: can't initialize iptables table `nat': Table does not exist";

/** A legacy program that waits for the lock for a second only, so that the test does not take minutes. */
const IMPATIENT = 'exec /usr/sbin/iptables-legacy $(echo "$@" | sed s/--wait=30/--wait=1/)';

const BROKEN: readonly Broken[] = [
  {
    what: 'there is no NET_ADMIN',
    id: 'IPT-NO-NET-ADMIN',
    cause: /Permission denied/,
    prefix: ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-all'],
  },
  {
    what: 'it is not run by root',
    id: 'IPT-NO-NET-ADMIN',
    cause: /Permission denied/,
    prefix: ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'],
  },
  { what: 'there is no iptables', id: 'IPT-NO-TOOL', cause: /no iptables found/, programs: [] },
  {
    what: 'there is no ip',
    id: 'IPT-NO-TOOL',
    cause: /no ip found, of the package iproute2/,
    args: ['-m', 'TPROXY'],
    programs: ['iptables-nft', 'iptables-nft-save', 'iptables-nft-restore'],
  },
  {
    what: 'only the legacy tools are there',
    id: 'IPT-ONLY-LEGACY',
    cause: /only the legacy one/,
    programs: ['iptables-legacy', 'iptables-legacy-save', 'iptables-legacy-restore'],
  },
  {
    what: 'a match is missing',
    id: 'IPT-NO-MODULE',
    cause: /Couldn't load match `owner'/,
    standIns: { 'iptables-nft-restore': `echo "${NO_OWNER.replaceAll('`', '\\`')}" >&2; exit 2` },
  },
  {
    what: 'the kernel has no table',
    id: 'IPT-NO-MODULE',
    cause: /has no loaded kernel support/,
    standIns: Object.fromEntries(
      ['iptables', 'iptables-nft'].map((name) => [
        name,
        `echo "${NO_TABLE.replaceAll('`', '\\`')}" >&2; exit 3`,
      ]),
    ),
  },
  {
    what: 'somebody holds the lock',
    id: 'IPT-LOCKED',
    cause: /holding the xtables lock/,
    args: LEGACY,
    env: { XTABLES_LOCKFILE: '$DIR/lock' },
    breaks:
      'touch $DIR/lock; chmod 600 $DIR/lock; flock $DIR/lock sleep 60 >/dev/null 2>&1 & echo $! > $DIR/holder',
    standIns: { 'iptables-legacy': IMPATIENT },
  },
  {
    what: '/run is read-only',
    id: 'IPT-LOCK-FILE',
    cause: /Read-only file system/,
    args: LEGACY,
    breaks: 'mount -t tmpfs -o ro none /run',
  },
  {
    what: 'IPv6 is off on lo',
    id: 'IPT-NO-IPV6',
    cause: /lo\/disable_ipv6 is 1/,
    args: ['--dual-stack'],
    breaks: 'ip addr add fd77::2/64 dev eth0 nodad; sysctl -qw net.ipv6.conf.lo.disable_ipv6=1',
  },
  {
    what: 'there is no address',
    id: 'IPT-NO-ADDRESS',
    cause: /no valid local IP address/,
    breaks: 'ip addr flush dev eth0',
  },
  {
    what: 'an interface name cannot exist',
    id: 'IPT-BAD-INTERFACE',
    cause: /"eth0;reboot"/,
    args: ['-c', 'eth0;reboot'],
  },
  {
    what: 'a CIDR is bad',
    id: 'IPT-BAD-CIDR',
    cause: /"10\.0\.0\.1" is not a CIDR/,
    args: ['-i', '10.0.0.1'],
  },
  {
    what: 'a port is bad',
    id: 'IPT-BAD-PORT',
    cause: /"70000" for --istio-outbound-ports/,
    args: ['-q', '70000'],
  },
  {
    what: 'two ports are the same',
    id: 'IPT-DUPLICATE-PORT',
    cause: /are both 15006/,
    args: ['-p', '15006'],
  },
  {
    what: 'an owner cannot be one',
    id: 'IPT-BAD-OWNER',
    cause: /for --proxy-gid/,
    args: ['-g', '!7'],
  },
  { what: 'a mark is bad', id: 'IPT-BAD-TPROXY', cause: /"0" is not/, args: ['-m', 'TPROXY', '-t', '0'] },
  {
    what: 'a variant does not exist',
    id: 'IPT-BAD-BINARY',
    cause: /"foo"/,
    args: ['--force-iptables-binary=foo'],
  },
  {
    what: 'resolv.conf is missing',
    id: 'IPT-RESOLV-CONF',
    cause: /failed to load \/etc\/resolv\.conf: ENOENT/,
    args: ['--redirect-dns'],
    breaks: 'mount -t tmpfs none /etc',
  },
  {
    what: 'a group is not known',
    id: 'IPT-UNKNOWN-OWNER',
    cause: /Bad value for "--gid-owner" option: "nosuchgroup"/,
    env: { ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE: 'nosuchgroup' },
  },
  {
    what: 'the second family is refused half-way',
    id: 'IPT-TOOL-FAILED',
    cause: /ip6tables-nft-restore: exit status 1: no luck/,
    args: ['--dual-stack'],
    breaks: 'ip addr add fd77::2/64 dev eth0 nodad',
    standIns: {
      'ip6tables-nft-restore': 'case "$*" in *--test*) exit 0;; esac; echo "no luck" >&2; exit 1',
    },
  },
  {
    what: 'a route is refused after the rules',
    id: 'IPT-ROUTES',
    cause: /failed to configure routes: ip -4 route add .*: no luck/,
    args: ['-m', 'TPROXY'],
    standIns: { ip: 'case "$*" in *"route add"*) echo "no luck" >&2; exit 2;; esac; exec /usr/sbin/ip "$@"' },
  },
  {
    what: 'rules of another configuration are there',
    id: 'IPT-DRIFT',
    cause: /IPv4 rules differ from the wanted ones: nat\/ISTIO_INBOUND has 1 rule instead of 5/,
    breaks: 'iptables-nft -t nat -N ISTIO_INBOUND; iptables-nft -t nat -A ISTIO_INBOUND -j RETURN',
  },
  {
    what: 'the record of a dry run cannot be written',
    id: 'IPT-RECORD',
    cause: /ENOENT/,
    args: ['--dry-run'],
    env: { DRY_RUN_FILE_PATH: '$DIR/none/record' },
  },
  {
    what: 'the named network is not there',
    id: 'IPT-NETNS',
    cause: /ENOENT/,
    args: ['--network-namespace', '/run/netns/none'],
  },
];

/** A pod in which things can be broken, and what it holds. */
class BrokenPod implements AsyncDisposable {
  readonly #pod: NetworkNamespace;
  readonly #directory: string;
  readonly #things: AsyncDisposableStack;

  private constructor(pod: NetworkNamespace, directory: string, things: AsyncDisposableStack) {
    this.#pod = pod;
    this.#directory = directory;
    this.#things = things;
  }

  static async create({ breaks = '', standIns = {}, programs }: Broken): Promise<BrokenPod> {
    await using things = new AsyncDisposableStack();
    const { path } = things.use(await temporaryDirectory());
    const pod = things.use(await NetworkNamespace.create());
    await chmod(path, 0o755);
    for (const name of programs ?? []) await symlink(`/usr/sbin/${name}`, join(path, name));
    for (const [name, script] of Object.entries(standIns)) {
      await writeFile(join(path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    await pod.shell(`
      ip link set lo up
      ip link add eth0 type veth peer name eth1
      ip link set eth0 up
      ip addr add 10.77.0.2/24 dev eth0
      DIR=${path}
      ${breaks}
    `);
    return new BrokenPod(pod, path, things.move());
  }

  agent({ args = [], env = {}, prefix = [], programs }: Broken) {
    const path = programs === undefined ? `${this.#directory}:${process.env['PATH']}` : this.#directory;
    const given = Object.entries(env).map(
      ([name, value]) => `${name}=${value.replace('$DIR', this.#directory)}`,
    );
    const command = [
      'env',
      `PATH=${path}`,
      ...given,
      process.execPath,
      AGENT,
      'istio-iptables',
      ...POD,
      ...args,
    ];
    const [file = '', ...words] = [...prefix, ...command];
    return this.#pod.run(file, words);
  }

  async state(): Promise<readonly string[]> {
    const saves = [
      'iptables-nft-save',
      'ip6tables-nft-save',
      'iptables-legacy-save',
      'ip6tables-legacy-save',
    ];
    const rules = await Promise.all(
      saves.map(async (tool) => normalSave((await this.#pod.run(tool, [])).stdout)),
    );
    return [...rules, (await this.#pod.run('ip', ['rule', 'show'])).stdout];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pod.run('sh', ['-c', `kill $(cat ${this.#directory}/holder 2>/dev/null) 2>/dev/null`]);
    await this.#things.disposeAsync();
  }
}

const obstacle = namespaceObstacle();

describe('agent istio-iptables where something is broken', function () {
  this.timeout(60_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    broken places are not tested: ${obstacle}`);
    return;
  }

  for (const broken of BROKEN) {
    it(`ends with 1 and one line of cause and remedy, and changes nothing, when ${broken.what}`, async () => {
      await using pod = await BrokenPod.create(broken);
      const before = await pod.state();

      const { code, stderr } = await pod.agent(broken);

      assert.equal(code, 1, stderr);
      assert.match(stderr, new RegExp(`^Error: \\[${broken.id}\\] [^\\n]*; [^\\n]+\\n$`));
      assert.match(stderr, broken.cause);
      assert.deepEqual(await pod.state(), before);
    });
  }
});
