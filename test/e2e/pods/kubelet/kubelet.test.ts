// Pods with small programs, run for real: what of the kubelet no imagined container can show. Needs root and podman.

import { deepEqual, equal, fail, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { baseImage } from '../podman/base-image.ts';
import { Podman } from '../podman/podman.ts';
import { whatIsMissing } from '../podman/requirements.ts';
import type { PodEvent, RunningPod } from './contract.ts';
import { Kubelet } from './kubelet.ts';
import { APPLICATION, podOf, type Yaml } from './support/pod-yaml.ts';
import { testCluster, type TestCluster } from './support/test-cluster.ts';

/** The base image may have to be made first. */
const IMAGE_TIMEOUT_MS = 600_000;
const TIMEOUT_MS = 60_000;

/** Answers GET on port 8080 and ends with 0 at SIGTERM. */
const SERVER = `
import http.server, os, signal
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, self.headers['User-Agent'], self.client_address[0], flush=True)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(('', 8080), Page).serve_forever()
`;

const SERVE: Yaml = {
  command: ['python3', '-c', SERVER],
  ports: [{ name: 'web', containerPort: 8080 }],
  readinessProbe: { httpGet: { port: 'web', path: '/ready' }, periodSeconds: 1 },
};
const DEAF: Yaml = { command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'] };

function shell(script: string): Yaml {
  return { command: ['sh', '-c', script] };
}

/** What happened to containers, without times and process ids. */
function story(pod: RunningPod, kinds: readonly PodEvent['kind'][]): readonly string[] {
  const chosen = pod.events.filter(({ kind }) => kinds.includes(kind));
  return chosen.map(({ kind, container, detail }) =>
    `${kind} ${container} ${detail.replace(/^process .*/, '')}`.trim(),
  );
}

const obstacle = whatIsMissing();

describe('Kubelet', function () {
  this.timeout(TIMEOUT_MS);

  if (obstacle !== undefined) {
    if (process.env.CI === 'true') it('runs pods', () => fail(obstacle));
    else console.log(`    pods are not run: ${obstacle}`);
    return;
  }

  let podman: Podman;
  let image: string;
  let cluster: TestCluster;
  let kubelet: Kubelet;

  before(async function () {
    this.timeout(IMAGE_TIMEOUT_MS);
    podman = await Podman.open();
    image = await baseImage(podman);
    cluster = testCluster(image, { 'istiod.mesh.svc.cluster.local': '10.1.2.3' });
    kubelet = await Kubelet.start(podman, cluster);
  });

  after(() => kubelet?.[Symbol.asyncDispose]());

  it('runs init container, sidecar and application in order and ends them in reverse', async () => {
    const sidecar = {
      ...APPLICATION,
      ...SERVE,
      name: 'proxy',
      restartPolicy: 'Always',
      startupProbe: { httpGet: { port: 'web', path: '/startup' }, periodSeconds: 1, failureThreshold: 600 },
      lifecycle: { preStop: { httpGet: { port: 'web', path: '/drain' } } },
    };
    const trap = 'trap "echo bye; exit 0" TERM; sleep 600 & wait';
    const app = {
      ...APPLICATION,
      ...shell(trap),
      lifecycle: { postStart: { httpGet: { port: 8080, path: '/post-start' } } },
      readinessProbe: { exec: { command: ['true'] } },
    };
    const init = { ...APPLICATION, ...shell('echo rules'), name: 'init' };
    const pod = await kubelet.run(podOf({ initContainers: [init, sidecar], containers: [app] }));

    await pod.untilReady(TIMEOUT_MS);
    const termination = await pod.delete();

    deepEqual(story(pod, ['started', 'hook-done', 'signal', 'ended', 'phase']), [
      'started init',
      'ended init exit code 0',
      'started proxy',
      'started app',
      'hook-done app postStart',
      'phase  Running',
      ...['hook-done proxy preStop', 'signal app SIGTERM'].toSorted(byPlaceIn(pod)),
      'ended app exit code 0',
      'signal proxy SIGTERM',
      'ended proxy exit code 0',
      'phase  Succeeded',
    ]);
    deepEqual(termination.hooks, ['proxy']);
    deepEqual(termination.killed, []);
    equal(await pod.log('app'), 'bye\n');
    const requests = (await pod.log('proxy')).split('\n');
    ok(requests.includes(`/ready kube-probe/1.31 ${kubelet.nodeAddress}`));
    ok(requests.includes(`/drain kube-lifecycle/1.31 ${kubelet.nodeAddress}`));
  });

  it('gives a container its names, values, files, user and rights', async () => {
    cluster.configMaps.set('settings', new Map([['color', 'red']]));
    const script = `
      hostname; cat /etc/hostname; grep web /etc/hosts; cat /etc/resolv.conf
      getent hosts istiod.mesh.svc | tr -s ' '
      echo "$IP $CPU $WHERE $KUBERNETES_SERVICE_HOST"
      id; grep -E 'CapEff|NoNewPrivs' /proc/self/status | tr -s '\\t' ' '
      cat /proc/sys/net/ipv4/ip_unprivileged_port_start
      cat /settings/color /info/labels /token/token; echo
      stat -L -c '%a %u %g' /token/token /plain
      touch /plain/file /memory/file /settings/file /file; echo end`;
    const mounts = ['settings', 'info', 'token', 'plain', 'memory', 'settings/crl'];
    const container = {
      ...APPLICATION,
      ...shell(script),
      env: [
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'WHERE', value: '$(IP):$$(IP)' },
      ],
      resources: { limits: { cpu: '2', memory: '64Mi' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        runAsUser: 1337,
        runAsGroup: 1337,
      },
      volumeMounts: mounts.map((name) => ({ name: name.replace('/', '-'), mountPath: `/${name}` })),
    };
    const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }];
    const sources = [{ serviceAccountToken: { path: 'token', audience: 'istio-ca' } }];
    const spec = {
      restartPolicy: 'Never',
      securityContext: {
        fsGroup: 4000,
        sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
      },
      containers: [container],
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'settings-crl', configMap: { name: 'none', optional: true } },
        { name: 'info', downwardAPI: { items } },
        { name: 'token', projected: { sources } },
        { name: 'plain' },
        { name: 'memory', emptyDir: { medium: 'Memory' } },
      ],
    };

    const pod = await kubelet.run(podOf(spec, { labels: { app: 'web' } }));
    await pod.untilEnded(TIMEOUT_MS);

    const log = (await pod.log('app')).replace(/token \d+/, 'token N').split('\n');
    deepEqual(
      log.filter((line) => line.startsWith('touch')),
      [
        "touch: cannot touch '/settings/file': Read-only file system",
        "touch: cannot touch '/file': Read-only file system",
      ],
    );
    deepEqual(
      log.filter((line) => !line.startsWith('touch')),
      [
        'web',
        'web',
        `${pod.ip}\tweb`,
        'search shop.svc.cluster.local svc.cluster.local cluster.local',
        'nameserver 10.96.0.10',
        'options ndots:5',
        '10.1.2.3 istiod.mesh.svc.cluster.local',
        `${pod.ip} 2 ${pod.ip}:$(IP) 10.96.0.1`,
        'uid=1337 gid=1337 groups=1337,4000',
        'CapEff: 0000000000000000',
        'NoNewPrivs: 1',
        '0',
        'redapp="web"token N',
        '640 1337 4000',
        '2777 0 4000',
        'end',
        '',
      ],
    );
    await pod.delete();
  });

  it('renews the files of volumes', async () => {
    const sources = [{ serviceAccountToken: { path: 'token' } }];
    const volumeMounts = [{ name: 'token', mountPath: '/token' }];
    const volumes = [{ name: 'token', projected: { sources } }];
    const spec = { volumes, containers: [{ ...APPLICATION, ...SERVE, volumeMounts }] };
    const pod = await kubelet.run(podOf(spec));
    await pod.untilReady(TIMEOUT_MS);
    const read = async (): Promise<string> => (await pod.exec('app', ['cat', '/token/token'])).stdout;
    const before = await read();

    await pod.refreshVolumes();

    match(before, /^token \d+$/);
    equal(Number((await read()).slice('token '.length)) > Number(before.slice('token '.length)), true);
    await pod.delete();
  });

  it('restarts a container that does not live, and kills one that does not listen', async () => {
    const livenessProbe = {
      exec: { command: ['test', '!', '-e', '/sick'] },
      periodSeconds: 1,
      failureThreshold: 1,
      terminationGracePeriodSeconds: 1,
    };
    const spec = {
      terminationGracePeriodSeconds: 1,
      containers: [{ ...APPLICATION, ...DEAF, livenessProbe }],
    };
    const pod = await kubelet.run(podOf(spec));
    await pod.untilReady(TIMEOUT_MS);

    await pod.exec('app', ['touch', '/sick']);
    await pod.until(({ containers }) => containers.get('app')?.restarts === 1, TIMEOUT_MS);
    await pod.untilReady(TIMEOUT_MS);
    const termination = await pod.delete();

    deepEqual(termination.killed, ['app']);
    deepEqual([...termination.exitCodes], [['app', 137]]);
    ok(termination.tookMs >= 2000, `${termination.tookMs} ms`);
    const signals = ['signal app SIGTERM', 'signal app SIGKILL'];
    deepEqual(story(pod, ['signal']), [...signals, ...signals]);
  });

  it('ends the sidecar of a job that is done', async () => {
    const sidecar = { ...APPLICATION, ...SERVE, name: 'proxy', restartPolicy: 'Always' };
    const marks = [{ name: 'marks', mountPath: '/marks' }];
    const container = { ...APPLICATION, ...shell('test -e /marks/1 || { touch /marks/1; exit 4; }') };
    const spec = {
      restartPolicy: 'OnFailure',
      initContainers: [sidecar],
      containers: [{ ...container, volumeMounts: marks }],
      volumes: [{ name: 'marks' }],
    };
    const pod = await kubelet.run(podOf(spec));

    const phase = await pod.untilEnded(TIMEOUT_MS);

    equal(phase, 'Succeeded');
    equal(pod.containers.get('app')?.restarts, 1);
    deepEqual(story(pod, ['ended', 'signal']), [
      'ended app exit code 4',
      'ended app exit code 0',
      'signal proxy SIGTERM',
      'ended proxy exit code 0',
    ]);
    await pod.delete();
  });

  it('kills what takes more memory than its limit', async () => {
    const command = ['python3', '-c', 'bytearray(200 * 1024 * 1024)'];
    const container = { ...APPLICATION, command, resources: { limits: { memory: '32Mi' } } };
    const pod = await kubelet.run(podOf({ restartPolicy: 'Never', containers: [container] }));

    const phase = await pod.untilEnded(TIMEOUT_MS);

    equal(phase, 'Failed');
    equal(pod.containers.get('app')?.exitCode, 137);
    await pod.delete();
  });

  it('tells what happened to a pod that does not become ready', async () => {
    const readinessProbe = { tcpSocket: { port: 1 } };
    const container = { ...APPLICATION, ...shell('echo broken; exit 3'), readinessProbe };
    const pod = await kubelet.run(podOf({ restartPolicy: 'Never', containers: [container] }));

    const error = await pod.untilReady(TIMEOUT_MS).then(() => undefined, String);

    match(error ?? '', /web ended \(Failed\) before it was ready/);
    match(error ?? '', /ended app exit code 3/);
    match(error ?? '', /broken/);
    await pod.delete();
  });

  it('removes a pod with all it had', async () => {
    const volumes = [{ name: 'memory', emptyDir: { medium: 'Memory' } }];
    const pod = await kubelet.run(podOf({ volumes, containers: [{ ...APPLICATION, ...SERVE }] }));
    await pod.untilReady(TIMEOUT_MS);
    const pid = pod.containerPid('app');

    await pod.delete();

    equal(existsSync(pod.networkNamespace), false);
    equal(existsSync(`/proc/${pid}`), false);
    deepEqual(
      await remains(podman, `${basename(kubelet.nodeNamespace).replace(/-node$/, '')}-${pod.ip}`),
      [],
    );
  });

  it('removes what a killed kubelet left behind', async () => {
    const program = join(import.meta.dirname, 'support/killed-kubelet.ts');
    const child = spawn(process.execPath, [program, image], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const prefix = basename(String(line).trim()).replace(/-node$/, '');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const before = await remains(podman, prefix);

    await using _other = await Kubelet.start(podman, cluster);

    ok(before.length >= 4, before.join());
    deepEqual(await remains(podman, prefix), []);
  });
});

/** Two things that happen at once, in the order in which they did. */
function byPlaceIn(pod: RunningPod): (one: string, other: string) => number {
  const all = story(pod, ['hook-done', 'signal']);
  return (one, other) => all.indexOf(one) - all.indexOf(other);
}

/** Containers, namespaces, folders and mounts whose names begin so. */
async function remains(podman: Podman, prefix: string): Promise<readonly string[]> {
  const { stdout } = await podman.run(['ps', '--all', '--format={{.Names}}']);
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((mount) => mount.split(' ')[1] ?? '');
  const names = [...stdout.split('\n'), ...(await readdir('/run/netns')), ...(await readdir(tmpdir()))];
  return [...names, ...mounts.map((path) => path.replace(`${tmpdir()}/`, ''))].filter((name) =>
    name.startsWith(prefix),
  );
}
