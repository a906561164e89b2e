// examples/vm/istio-start.sh and install.sh on a machine whose agent is a program that only records: which programs are
// started as which user, with which words and variables.

import { deepEqual, equal, fail, match, rejects } from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';

import { namespaceObstacle, NetworkNamespace } from '../iptables/network-namespace.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { EXAMPLE, Machine, type Call, type StartOptions } from './vm-machine.ts';

const ADDRESS = '192.0.2.2';
const NETWORK = `
ip link add eth0 type veth peer name eth1
ip addr add ${ADDRESS}/24 dev eth0
ip link set eth0 up
ip link set eth1 up
`;

const obstacle = namespaceObstacle(['useradd', 'getent']);

describe('examples/vm', function () {
  this.timeout(60_000);
  let opened: AsyncDisposableStack;
  let machine: Machine;

  if (obstacle !== undefined) {
    if (process.env.CI === 'true') it('has scripts that run', () => fail(obstacle));
    else console.log(`    the scripts are not run: ${obstacle}`);
    return;
  }

  before(async () => {
    opened = new AsyncDisposableStack();
    const folder = opened.use(await temporaryDirectory());
    await chmod(folder.path, 0o755); // the proxy's user has to get through
    const place = opened.use(await NetworkNamespace.create());
    await place.shell(NETWORK);
    machine = await Machine.install(folder.path, place);
  });

  after(() => opened.disposeAsync());

  /** Variables of the agent after a start without rules. */
  async function agentEnv(options: StartOptions): Promise<ReadonlyMap<string, string>> {
    return proxyOf((await machine.recorded(['run'], options)).calls).env;
  }

  describe('install.sh', () => {
    it('makes the folders that the proxy writes for its user, and leaves what is there when it runs again', async () => {
      await writeFile(machine.path('var/lib/istio/config/mesh'), 'defaultConfig: {}\n');
      const leftover = machine.path('usr/local/lib/sidecar-agent/agent.cache');
      await writeFile(leftover, 'of an older agent');

      await machine.install();

      const owned = ['envoy', 'proxy', 'config'].map((name) => `var/lib/istio/${name}`);
      const names = [...owned, 'var/log/istio', 'etc/certs', 'etc/istio/config/mesh'];
      const paths = names.map((name) => machine.path(name));
      const { stdout } = await machine.place.run('stat', ['-c', '%U:%G', ...paths]);
      deepEqual(new Set(stdout.trim().split('\n')), new Set(['istio-proxy:istio-proxy']));
      equal(await readFile(machine.path('etc/istio/config/mesh'), 'utf8'), 'defaultConfig: {}\n');
      await rejects(stat(leftover), { code: 'ENOENT' });
    });

    it('gives everybody the agent, and systemd the unit', async () => {
      const names = ['bin/agent', 'bin/pilot-agent', 'bin/istio-start.sh'].map((name) => `usr/local/${name}`);
      const unit = machine.path('usr/lib/systemd/system/istio.service');

      const tests = names.map((name) => `test -x ${machine.path(name)}`);
      await machine.place.shell(
        `setpriv --reuid=daemon --clear-groups sh -ec '${tests.join('; ')}; test -r ${unit}'`,
      );
    });

    it('says what is missing', async () => {
      const said = await machine.place.shell(`DIST=/nowhere ${EXAMPLE}/install.sh 2>&1 || echo "code $?"`);

      equal(said, 'install.sh: /nowhere/agent is not there: npm ci && npm run build\ncode 1\n');
    });
  });

  describe('istio-start.sh', () => {
    const told = (calls: readonly Call[]): string[] => calls.map(({ user, words }) => `${user}: ${words}`);

    it('sets the rules anew as root, then starts the agent as the user of the proxy', async () => {
      const { calls, code, stderr } = await machine.recorded([], {
        clusterEnv: "ISTIO_AGENT_FLAGS='--log_as_json --concurrency=1'\n",
      });

      equal(code, 0, stderr);
      deepEqual(told(calls), [
        'root: istio-iptables --cleanup-only',
        'root: istio-iptables',
        'istio-proxy: proxy --log_as_json --concurrency=1',
      ]);
      equal(calls[2]?.group, 'istio-proxy');
    });

    const cleaned = 'root: istio-iptables --cleanup-only';
    for (const [words, expected] of [
      [['run'], ['istio-proxy: proxy']],
      [['clean'], [cleaned]],
      [['init'], [cleaned, 'root: istio-iptables']],
      [
        ['init', '-b', '80,90', '-i', ''],
        [cleaned, 'root: istio-iptables -b 80,90 -i '],
      ],
      [
        ['-p', '15001', '-b', '*'],
        [cleaned, 'root: istio-iptables -p 15001 -b *'],
      ],
    ] as const) {
      it(`with "${words.join(' ')}" does nothing but ${expected.join(', ')}`, async () => {
        const { calls, code } = await machine.recorded(words);

        equal(code, 0);
        deepEqual(told(calls), expected);
      });
    }

    it('takes flags as they are written, also where they could be patterns of file names', async () => {
      const { calls } = await machine.recorded(['run'], {
        sidecarEnv: "ISTIO_AGENT_FLAGS='--a=b  /v?r *'\n",
      });

      deepEqual(told(calls), ['istio-proxy: proxy --a=b /v?r *']);
    });

    it('leaves rules alone that are set by others', async () => {
      const clusterEnv = 'ISTIO_CUSTOM_IP_TABLES=true\n';
      const seen = [];
      for (const word of ['start', 'clean', 'init'])
        seen.push(told((await machine.recorded([word], { clusterEnv })).calls));

      deepEqual(seen, [['istio-proxy: proxy'], [], []]);
    });

    it('tells the rules the numbers of user and group, which may differ', async () => {
      const { calls } = await machine.recorded(['clean'], { env: { PROXY_GID: '4711' } });
      const [own] = (await machine.recorded(['clean'])).calls;

      const ids = await machine.place.shell('id -u istio-proxy; id -g istio-proxy');
      equal(`${own?.env.get('PROXY_UID')}\n${own?.env.get('PROXY_GID')}\n`, ids);
      equal(calls[0]?.env.get('PROXY_GID'), '4711');
    });

    it('makes variables of both files, of which cluster.env has the last word', async () => {
      const env = await agentEnv({
        sidecarEnv: 'FROM_BOTH=sidecar\nFROM_SIDECAR="two words"\nFROM_OUTSIDE=sidecar\n',
        clusterEnv: 'FROM_BOTH=\'cluster\'\nFROM_CLUSTER=\'{"a":"b"}\'\n',
        env: { FROM_OUTSIDE: 'outside' },
      });

      const names = ['FROM_BOTH', 'FROM_SIDECAR', 'FROM_CLUSTER', 'FROM_OUTSIDE'];
      deepEqual(
        names.map((name) => env.get(name)),
        ['cluster', 'two words', '{"a":"b"}', 'sidecar'],
      );
    });

    it('reads other files when told where, and does without', async () => {
      await writeFile(machine.path('elsewhere.env'), 'ISTIO_CLUSTER_CONFIG=./other.env\n');
      await writeFile(machine.path('other.env'), 'FROM_OTHER=yes\n');
      const env = await agentEnv({
        clusterEnv: 'FROM_CLUSTER=yes\n',
        env: { ISTIO_SIDECAR_CONFIG: './elsewhere.env' },
      });

      equal(env.get('FROM_OTHER'), 'yes');
      equal(env.get('FROM_CLUSTER'), undefined);
    });

    it('says who and where the machine is', async () => {
      const hostname = (await machine.place.shell('hostname -s')).trim();
      const names = ['INSTANCE_IP', 'POD_NAME', 'POD_NAMESPACE', 'PROXY_CONFIG'];
      const facts = async (options: StartOptions): Promise<unknown[]> => {
        const env = await agentEnv(options);
        return names.map((name) => env.get(name));
      };

      const unnamed = 'serviceCluster: rawvm\ncontrolPlaneAuthPolicy: MUTUAL_TLS';
      deepEqual(await facts({}), [ADDRESS, hostname, 'default', unnamed]);
      const clusterEnv =
        "ISTIO_SVC_IP=192.0.2.7\nPOD_NAME=web-7\nISTIO_NAMESPACE='shop'\nPOD_NAMESPACE='other'\n" +
        "ISTIO_SERVICE='web.shop'\nISTIO_CP_AUTH=NONE\n";
      const named = 'serviceCluster: web.shop\ncontrolPlaneAuthPolicy: NONE';
      deepEqual(await facts({ clusterEnv }), ['192.0.2.7', 'web-7', 'shop', named]);
    });

    it('leaves a PROXY_CONFIG of its own as it is', async () => {
      const env = await agentEnv({ sidecarEnv: "PROXY_CONFIG='concurrency: 1'\nPILOT_ADDRESS=pilot:1\n" });

      equal(env.get('PROXY_CONFIG'), 'concurrency: 1');
    });

    for (const [settings, authority, discovery] of [
      ['CA_ADDR=ca:1\nPILOT_ADDRESS=pilot:2\nISTIO_PILOT_PORT=3', 'ca:1', 'pilot:2'],
      ['PILOT_ADDRESS=pilot:2\nISTIO_PILOT_PORT=3', 'pilot:2', 'pilot:2'],
      ['ISTIO_PILOT_PORT=3', 'istiod.istio-system.svc:3', 'istiod.istio-system.svc:3'],
      ['ISTIO_SYSTEM_NAMESPACE=mesh', 'istiod.mesh.svc:15012', undefined],
      ['', 'istiod.istio-system.svc:15012', undefined],
    ] as const) {
      it(`asks the CA ${authority} with ${settings.replaceAll('\n', ', ') || 'no settings'}`, async () => {
        const env = await agentEnv({ clusterEnv: settings });

        equal(env.get('CA_ADDR'), authority);
        equal(/^discoveryAddress: (.*)$/m.exec(env.get('PROXY_CONFIG') ?? '')?.[1], discovery);
      });
    }

    it('keeps certificates in ./etc/certs, and nowhere when told so by an empty value', async () => {
      const places = (env: ReadonlyMap<string, string>): unknown => [
        env.get('PROV_CERT'),
        env.get('OUTPUT_CERTS'),
      ];

      deepEqual(places(await agentEnv({})), ['./etc/certs', './etc/certs']);
      deepEqual(places(await agentEnv({ sidecarEnv: 'PROV_CERT=\nOUTPUT_CERTS=""\n' })), ['', '']);
    });

    it('starts the agent as root in the group of the proxy for TPROXY', async () => {
      const { calls, stdout } = await machine.recorded(['run'], {
        clusterEnv: 'ISTIO_INBOUND_INTERCEPTION_MODE=TPROXY\n',
      });

      const { user, group } = proxyOf(calls);
      deepEqual([user, group], ['root', 'istio-proxy']);
      equal(stdout, 'told proxy\n', 'no log file');
    });

    it('starts it as EXEC_USER, whose output goes to files of that user', async () => {
      await machine.place.shell(`chown daemon ${machine.path('var/log/istio')}`);

      const { calls, stdout } = await machine.recorded([], { sidecarEnv: 'EXEC_USER=daemon\n' });

      await machine.place.shell(`chown istio-proxy ${machine.path('var/log/istio')}`);
      equal(proxyOf(calls).user, 'daemon');
      equal(calls[0]?.env.get('PROXY_UID'), '1', 'its traffic is not captured');
      equal(stdout, 'told istio-iptables --cleanup-only\ntold istio-iptables\n');
      equal(await readFile(machine.path('var/log/istio/istio.log'), 'utf8'), 'told proxy\n');
      equal((await stat(machine.path('var/log/istio/istio.log'))).uid, 1);
    });

    it('starts it as it is when it has that user already', async () => {
      const { calls, stdout } = await machine.recorded(['run'], { through: startedBy('istio-proxy') });

      equal(proxyOf(calls).user, 'istio-proxy');
      equal(stdout, 'told proxy\n', 'no log file');
    });

    it('asks sudo where it is not root', async () => {
      const options = { through: startedBy('daemon'), env: { ISTIO_BIN_BASE: '' } };
      const { calls } = await machine.recorded(['run'], options);

      match(
        calls[0]?.words ?? '',
        /^-E -u istio-proxy -g istio-proxy -- \/bin\/sh -c .* sh \/usr\/local\/bin\/pilot-agent proxy$/,
      );
    });

    it('asks sudo where root has no setpriv', async () => {
      const PATH = await machine.programs(['sudo']);
      const { calls } = await machine.recorded(['run'], { env: { PATH } });

      match(calls[0]?.words ?? '', /^-E -u istio-proxy /);
    });

    it('sets no rules when nobody can start the agent', async () => {
      const PATH = await machine.programs([]);
      const { calls, code, stderr } = await machine.recorded([], { env: { PATH } });

      equal(code, 1);
      match(stderr, /^istio-start\.sh: cannot become istio-proxy: /);
      deepEqual(calls, []);
    });

    it('says which user is missing, and still cleans up', async () => {
      const sidecarEnv = 'EXEC_USER=nobody-here\n';
      const { calls, code, stderr } = await machine.recorded([], { sidecarEnv });
      const clean = await machine.recorded(['clean'], { sidecarEnv });

      equal(code, 1);
      match(stderr, /^istio-start\.sh: there is no user nobody-here: /);
      deepEqual(calls, []);
      deepEqual([clean.code, ...told(clean.calls)], [0, cleaned]);
    });
  });
});

/** Program and words that start others as a user. */
function startedBy(user: string): readonly string[] {
  return ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
}

/** The agent's call, which is the last. */
function proxyOf(calls: readonly Call[]): Call {
  const last = calls.at(-1);
  if (last?.words.startsWith('proxy') !== true) return fail('no agent was started');
  return last;
}
