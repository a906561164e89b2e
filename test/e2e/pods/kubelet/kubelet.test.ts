// How pods with small programs start, live and end, for real: what no imagined container can show.

import { deepEqual, equal, match, ok } from 'node:assert/strict';

import type { PodEvent, RunningPod } from './contract.ts';
import { describeKubelet, TIMEOUT_MS } from './support/described.ts';
import { APPLICATION, podOf, type Yaml } from './support/pod-yaml.ts';
import { SERVE, shell } from './support/programs.ts';

const DEAF: Yaml = { command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'] };

/** What happened to containers, without times and process ids. */
function story(pod: RunningPod, kinds: readonly PodEvent['kind'][]): readonly string[] {
  const chosen = pod.events.filter(({ kind }) => kinds.includes(kind));
  return chosen.map(({ kind, container, detail }) =>
    `${kind} ${container} ${detail.replace(/^process .*/, '')}`.trim(),
  );
}

describeKubelet('a pod', (parts) => {
  it('runs init container, sidecar and application in order and ends them in reverse', async () => {
    const { kubelet } = parts();
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

  it('restarts a container that does not live, and kills one that does not listen', async () => {
    const { kubelet } = parts();
    const livenessProbe = {
      exec: { command: ['test', '!', '-e', '/sick'] },
      periodSeconds: 1,
      failureThreshold: 1,
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
    const { kubelet } = parts();
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

  it('tells what happened to a pod that does not become ready', async () => {
    const { kubelet } = parts();
    const readinessProbe = { tcpSocket: { port: 1 } };
    const container = { ...APPLICATION, ...shell('echo broken; exit 3'), readinessProbe };
    const pod = await kubelet.run(podOf({ restartPolicy: 'Never', containers: [container] }));

    const error = await pod.untilReady(TIMEOUT_MS).then(() => undefined, String);

    match(error ?? '', /web ended \(Failed\) before it was ready/);
    match(error ?? '', /ended app exit code 3/);
    match(error ?? '', /broken/);
    await pod.delete();
  });
});

/** Two things that happen at once, in the order in which they did. */
function byPlaceIn(pod: RunningPod): (one: string, other: string) => number {
  const all = story(pod, ['hook-done', 'signal']);
  return (one, other) => all.indexOf(one) - all.indexOf(other);
}
