// Probes of an application behind the real capture rules: a kubelet outside of the pod asks the agent, and the agent
// reaches the application itself, not the place where captured traffic arrives.

import { deepEqual, equal, match } from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { namespaceObstacle } from '../iptables/network-namespace.ts';
import { selfSigned } from '../status/probes/fixtures/sample-app.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ADDRESSES, APPLICATION, PodAndPeer, PROXY, type IpVersion } from './capture/pod-and-peer.ts';
import { InsideProgram } from './support/inside.ts';

const AGENT = resolve(import.meta.dirname, '../../src/cli/agent.ts');
const HTTP_PORT = 8081;
/** Where PodAndPeer has a listener of the application, and one of Envoy's for what is captured on its way in. */
const TCP_PORT = 8080;
const CAPTURED_PORT = 15_006;

const PROBERS = {
  '/app-health/web/readyz': { httpGet: { path: '/ready', port: HTTP_PORT }, timeoutSeconds: 5 },
  '/app-health/web/livez': { tcpSocket: { port: TCP_PORT }, timeoutSeconds: 5 },
  '/app-health/web/startupz': { grpc: { port: TCP_PORT }, timeoutSeconds: 5 },
};

/** Says who asked for what, in one line for each request. */
const APPLICATION_PROGRAM = `
require('node:http').createServer((request, response) => {
  const { url, headers, socket } = request;
  console.log(JSON.stringify([url, headers.host, socket.remoteAddress.replace('::ffff:', '')]));
  response.writeHead(203).end('fine');
}).listen(${HTTP_PORT}, () => console.log('listens'));`;

/** As the injector writes them: all is captured but the agent's own ports. */
const RULES = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020 --dual-stack'.split(
  ' ',
);

/** Arguments: URLs, asked for in turn. Prints status and body of each answer. */
const KUBELET = `
(async () => {
  const answers = [];
  for (const url of process.argv.slice(1)) {
    const answer = await fetch(url);
    answers.push([answer.status, await answer.text()].join(' '));
  }
  console.log(JSON.stringify(answers));
})();`;

const obstacle = namespaceObstacle(['python3']);

describe('application probes behind captured traffic', function () {
  this.timeout(60_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    probes are not tested behind real rules: ${obstacle}`);
    return;
  }

  let opened: AsyncDisposableStack;
  let hosts: PodAndPeer;
  let application: InsideProgram;

  before(async () => {
    opened = new AsyncDisposableStack();
    hosts = opened.use(await PodAndPeer.create('REDIRECT'));
    const { code, stdout, stderr } = await hosts.agent(RULES, {});
    equal(code, 0, stdout + stderr);
    const words = ['setpriv', `--reuid=${APPLICATION.uid}`, '--clear-groups', process.execPath];
    application = opened.use(
      new InsideProgram(hosts.pod.namespace, [...words, '-e', APPLICATION_PROGRAM], {}),
    );
    await application.until(() => application.output.includes('listens'));
  });

  after(() => opened.disposeAsync());

  for (const version of ['IPv4', 'IPv6'] as const) {
    describe(version, () => {
      const { pod, passthrough } = ADDRESSES[version];
      const inUrl = version === 'IPv6' ? `[${pod}]` : pod;
      let agent: InsideProgram;
      let folder: AsyncDisposable;
      /** In the order of PROBERS. */
      let answers: readonly unknown[];

      before(async () => {
        const made = await temporaryDirectory();
        folder = made;
        await chmod(made.path, 0o777);
        await writeFile(join(made.path, 'root-cert.pem'), (await selfSigned()).cert);
        agent = startAgent(hosts, made.path, version);
        await agent.until(() => agent.output.includes('Opening status port'));
        await agent.until(async () => {
          answers = await kubelet(Object.keys(PROBERS));
          return true;
        });
      });

      after(async () => {
        await agent[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      });

      /** Rejects as long as the port is not open. */
      async function kubelet(paths: readonly string[]): Promise<readonly unknown[]> {
        const urls = paths.map((path) => `http://${inUrl}:15020${path}`);
        const { stdout } = await hosts.peer.namespace.run(process.execPath, ['-e', KUBELET, ...urls]);
        return JSON.parse(stdout) as readonly unknown[];
      }

      it('reach the application from the address that is not captured', () => {
        equal(answers[0], '203 fine');

        const requests = application.output.split('\n').filter((line) => line.startsWith('["/ready"'));
        deepEqual(JSON.parse(requests.at(-1) ?? ''), ['/ready', `${inUrl}:${HTTP_PORT}`, passthrough]);
      });

      it('connect to it, and not to what takes captured connections', () => {
        equal(answers[1], '200 ');
      });

      it('would be captured from any other address', async () => {
        const call = { owner: PROXY, protocol: 'tcp', address: pod, port: TCP_PORT } as const;

        const [probe, other] = [
          await hosts.pod.call({ ...call, source: passthrough }),
          await hosts.pod.call(call),
        ];

        deepEqual(
          ['listener' in probe && probe.listener, 'listener' in other && other.listener],
          [TCP_PORT, CAPTURED_PORT],
        );
      });

      it('fail where something else answers', () => {
        equal(answers[2], '500 ');

        match(agent.output, /\terror\tprobes\tgrpc probe failed: .*path=\/app-health\/web\/startupz/);
      });
    });
  }
});

/** As the proxy's user, who may read whatever checkout this is. There is no Envoy, and no control plane. */
function startAgent(hosts: PodAndPeer, directory: string, version: IpVersion): InsideProgram {
  const reader = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
  const user = [`--reuid=${PROXY.uid}`, `--regid=${PROXY.gid}`, '--clear-groups', ...reader];
  const program = ['setpriv', ...user, process.execPath, AGENT];
  const words = ['env', `--chdir=${directory}`, ...program, 'proxy', 'sidecar'];
  return new InsideProgram(hosts.pod.namespace, words, {
    env: {
      PATH: process.env.PATH ?? '',
      DISABLE_ENVOY: 'true',
      CLOUD_PLATFORM: 'none',
      POD_NAME: 'web-1',
      POD_NAMESPACE: 'default',
      INSTANCE_IP: ADDRESSES[version].pod,
      ISTIO_KUBE_APP_PROBERS: JSON.stringify(PROBERS),
      CA_ROOT_CA: join(directory, 'root-cert.pem'),
      XDS_ROOT_CA: join(directory, 'root-cert.pem'),
      PROXY_CONFIG: JSON.stringify({ configPath: join(directory, 'proxy') }),
    },
  });
}
