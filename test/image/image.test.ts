// The image as somebody tries it who has just got it: without arguments, under its other names, without rights, and
// as the init container of a pod.

import { deepEqual, equal, match } from 'node:assert/strict';

import { NetworkNamespace } from '../iptables/network-namespace.ts';
import { describeImage } from './tested-image.ts';

/** As an OpenShift project gives them: known to nobody. */
const ANY_USER = '1000629999';
const NO_RIGHTS = [
  '--read-only',
  '--user',
  ANY_USER,
  '--cap-drop',
  'all',
  '--security-opt',
  'no-new-privileges',
];

/** As an injector writes it for an init container. */
const INIT_CONTAINER = [
  '--read-only',
  '--user',
  '0:0',
  '--cap-drop',
  'all',
  '--cap-add',
  'NET_ADMIN,NET_RAW',
];

const CAPTURE = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -b * -d 15090,15021,15020'.split(' ');

/** Programs the agent starts, with words that show that they can be loaded. */
const TOOLS = [
  'iptables iptables-save iptables-restore iptables-nft iptables-nft-save iptables-nft-restore',
  'iptables-legacy iptables-legacy-save iptables-legacy-restore',
  'ip6tables ip6tables-save ip6tables-restore ip6tables-nft ip6tables-nft-save ip6tables-nft-restore',
  'ip6tables-legacy ip6tables-legacy-save ip6tables-legacy-restore',
  'nft ip setpriv nsenter envoy',
]
  .flatMap((line) => line.split(' '))
  .map((tool) => [tool, tool === 'ip' ? '-V' : '--version']);

/** Prints those that do not run. */
const TRY_TOOLS = `
  const { spawnSync } = require('node:child_process');
  const failed = JSON.parse(process.argv[1]).flatMap(([tool, word]) => {
    const { status, error, stderr } = spawnSync(tool, [word], { encoding: 'utf8' });
    return status === 0 ? [] : [tool + ': ' + (error?.message ?? stderr)];
  });
  console.log(JSON.stringify(failed));
`;

describeImage('the image', (image) => {
  it('helps when it is given no arguments', async () => {
    const { code, stdout } = await image().run([]);

    equal(code, 0);
    match(stdout, /^Usage: agent <command>/);
  });

  it('tells its version, as pilot-agent, too', async () => {
    const asPilotAgent = ['--network', 'none', '--entrypoint', 'pilot-agent'];

    const [own, other] = await Promise.all([
      image().run(['version', '--short']),
      image().run(['version', '--short'], asPilotAgent),
    ]);

    deepEqual({ code: own.code, stderr: own.stderr }, { code: 0, stderr: '' });
    match(own.stdout, /^client version: \d+\.\d+\.\d+\n$/);
    deepEqual(other, own);
  });

  it('ends with the exit code of the agent', async () => {
    const { code, stderr } = await image().run(['no-such-command']);

    equal(code, 255);
    match(stderr, /^Error: unknown command "no-such-command"/);
  });

  it('starts with what was compiled ahead', async () => {
    const { stderr } = await image().run(['version'], ['--network', 'none', '--env', 'NODE_DEBUG=agent']);

    match(stderr, /code cache taken/);
  });

  it('renders a bootstrap for any user, without rights, on a root file system that is read-only', async () => {
    const pod = ['POD_NAME=web-1', 'POD_NAMESPACE=default', 'INSTANCE_IP=10.0.0.5', 'CLOUD_PLATFORM=none'];
    const env = pod.flatMap((pair) => ['--env', pair]);

    const { code, stdout } = await image().run(
      ['bootstrap', 'sidecar'],
      [...NO_RIGHTS, '--network', 'none', ...env],
    );

    equal(code, 0);
    equal(JSON.parse(stdout).node.id, 'sidecar~10.0.0.5~web-1.default~default.svc.cluster.local');
  });

  it('has every program the agent starts, and its libraries', async () => {
    const failed = await image().script(TRY_TOOLS, [JSON.stringify(TOOLS)], NO_RIGHTS);

    deepEqual(JSON.parse(failed), []);
  });

  describe('in a network with an address', () => {
    let network: NetworkNamespace;
    let joined: readonly string[];

    before(async () => {
      network = await NetworkNamespace.create();
      await network.shell('ip link set lo up; ip addr add 10.77.0.2/32 dev lo');
      joined = ['--network', `ns:/proc/${network.pid}/ns/net`];
    });

    after(() => network[Symbol.asyncDispose]());

    it('shows the rules of a pod, as istio-iptables, too', async () => {
      const asIptables = [...joined, '--entrypoint', 'istio-iptables'];

      const [own, other] = await Promise.all([
        image().run(['istio-iptables', ...CAPTURE, '--dry-run'], joined),
        image().run([...CAPTURE, '--dry-run'], asIptables),
      ]);

      deepEqual([own.code, other.code], [0, 0]);
      match(own.stdout, /-A ISTIO_OUTPUT/);
      match(other.stdout, /-A ISTIO_OUTPUT/);
    });

    it('sets them as an init container does, with the two rights that takes', async () => {
      const { code, stderr } = await image().run(
        ['istio-iptables', ...CAPTURE],
        [...joined, ...INIT_CONTAINER],
      );

      deepEqual({ code, stderr }, { code: 0, stderr: '' });
      match(await network.shell('iptables-save -t nat'), /-A ISTIO_IN_REDIRECT .*--to-ports 15006/);
    });
  });
});
