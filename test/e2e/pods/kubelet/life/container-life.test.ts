import { deepEqual, equal } from 'node:assert/strict';

import type { NetworkTrial } from '../network/node-messages.ts';
import { FakePod } from '../support/fake-pod.ts';
import { APPLICATION, podOf, type Yaml } from '../support/pod-yaml.ts';

const HTTP: Yaml = { httpGet: { port: 'web', path: '/healthy' }, periodSeconds: 1 };
const PORTS = [{ name: 'web', containerPort: 8080 }];

function podWith(container: Yaml, spec: Yaml = {}): ReturnType<typeof podOf> {
  return podOf({ ...spec, containers: [{ ...APPLICATION, ports: PORTS, ...container }] });
}

describe('a container that ends', () => {
  it('starts again at once, then after waits that double', async () => {
    const pod = new FakePod(podOf());
    await pod.start();

    for (const seconds of [0, 0.25, 0.5]) {
      pod.run('app').exit(1);
      await pod.pass(seconds);
    }

    equal(pod.runs('app'), 4);
    deepEqual(pod.told('back-off'), ['back-off app 250 ms', 'back-off app 500 ms']);
    equal(pod.life.container('app').status.restarts, 3);
    equal(pod.life.container('app').status.exitCode, 1);
  });

  it('waits in CrashLoopBackOff meanwhile and is not ready', async () => {
    const pod = new FakePod(podOf());
    await pod.start();
    equal(pod.life.isReady, true);

    pod.run('app').exit(1);
    await pod.pass(0);
    pod.run('app').exit(1);
    await pod.pass(0.1);

    equal(pod.life.container('app').status.state, 'waiting');
    equal(pod.life.container('app').status.reason, 'CrashLoopBackOff');
    equal(pod.life.isReady, false);
  });
});

describe('probes of a container', () => {
  it('ask the pod at the port of that name, as a kubelet', async () => {
    const trials: NetworkTrial[] = [];
    const answer = (trial: NetworkTrial): { isSuccess: boolean; detail: string } => {
      trials.push(trial);
      return { isSuccess: true, detail: '' };
    };
    const pod = new FakePod(podWith({ readinessProbe: { ...HTTP, timeoutSeconds: 3 } }), { answer });
    await pod.start();

    deepEqual(trials[0], {
      do: 'httpGet',
      address: '10.0.0.7',
      port: 8080,
      scheme: 'HTTP',
      path: '/healthy',
      anyStatus: false,
      userAgent: 'kube-probe/1.31',
      timeoutMs: 3000,
    });
  });

  it('make it ready and not ready', async () => {
    let isUp = true;
    const answer = (): { isSuccess: boolean; detail: string } => ({ isSuccess: isUp, detail: '503' });
    const pod = new FakePod(podWith({ readinessProbe: { ...HTTP, failureThreshold: 2 } }), { answer });
    await pod.start();
    equal(pod.life.isReady, true);

    isUp = false;
    await pod.pass(1);
    equal(pod.life.isReady, true);
    await pod.pass(1);

    equal(pod.life.isReady, false);
    deepEqual(pod.told('unhealthy').length, 2);
  });

  it('restart it when it does not live, after its preStop hook and within its grace', async () => {
    let isAlive = false;
    const lifecycle = { preStop: { exec: { command: ['drain'] } } };
    const livenessProbe = { ...HTTP, failureThreshold: 2 };
    const pod = new FakePod(podWith({ lifecycle, livenessProbe }, { terminationGracePeriodSeconds: 4 }), {
      answer: () => ({ isSuccess: isAlive, detail: '500' }),
      programs: { app: { onTerm: undefined } },
    });
    await pod.start();
    await pod.pass(5);
    isAlive = true;
    await pod.pass(5);

    deepEqual(pod.toldWhen('hook', 'signal'), ['1 app preStop', '1 app SIGTERM', '5 app SIGKILL']);
    equal(pod.runs('app'), 2);
  });

  it('for startup hold the others back, and restart it when they fail for good', async () => {
    const asked: string[] = [];
    const answer = (trial: NetworkTrial): { isSuccess: boolean; detail: string } => {
      if (trial.do === 'httpGet') asked.push(trial.path);
      return { isSuccess: false, detail: 'refused' };
    };
    const startupProbe = { httpGet: { port: 1, path: '/up' }, periodSeconds: 1, failureThreshold: 3 };
    const pod = new FakePod(podWith({ startupProbe, livenessProbe: HTTP }), { answer });
    await pod.start();
    await pod.pass(2);

    deepEqual(new Set(asked), new Set(['/up']));
    equal(pod.runs('app'), 2);
  });

  it('wait from the start of the container on, not from the end of its startup', async () => {
    const startupProbe = { httpGet: { port: 1, path: '/up' }, initialDelaySeconds: 3 };
    const readinessProbe = { ...HTTP, initialDelaySeconds: 4 };
    const pod = new FakePod(podWith({ startupProbe, readinessProbe }));
    await pod.start();
    await pod.pass(4);

    deepEqual(pod.toldWhen('probe'), ['3 app startup passed', '4 app readiness passed']);
  });

  it('for liveness end with the pod, those for readiness with the container', async () => {
    const asked: string[] = [];
    const answer = (trial: NetworkTrial): { isSuccess: boolean; detail: string } => {
      if (trial.do === 'httpGet') asked.push(trial.path);
      return { isSuccess: true, detail: '' };
    };
    const readinessProbe = { httpGet: { port: 1, path: '/ready' }, periodSeconds: 1 };
    const pod = new FakePod(podWith({ readinessProbe, livenessProbe: HTTP }), {
      answer,
      programs: { app: { onTerm: undefined } },
    });
    await pod.start();
    asked.length = 0;

    await pod.terminate();

    equal(asked.includes('/healthy'), false);
    equal(asked.length, 29);
  });

  it('fail for a port of no name, and for a command that fails', async () => {
    const named = new FakePod(podWith({ readinessProbe: { tcpSocket: { port: 'none' } } }));
    const command = { exec: { command: ['check'] } };
    const exec = (): Promise<{ stdout: string; stderr: string; exitCode: number }> =>
      Promise.resolve({ stdout: 'sick', stderr: '', exitCode: 1 });
    const failing = new FakePod(podWith({ readinessProbe: command }), { programs: { app: { exec } } });
    await named.start();
    await failing.start();

    deepEqual(named.told('unhealthy'), [
      'unhealthy app readiness: the container app has no port called none',
    ]);
    deepEqual(failing.told('unhealthy'), ['unhealthy app readiness: exit code 1: sick']);
  });
});

describe('hooks of a container', () => {
  it('over the network count as done when they are answered at all', async () => {
    const trials: NetworkTrial[] = [];
    const lifecycle = { postStart: { httpGet: { port: 15020, path: '/app-lifecycle/app/poststartz' } } };
    const answer = (trial: NetworkTrial): { isSuccess: boolean; detail: string } => {
      trials.push(trial);
      return { isSuccess: true, detail: 'HTTP status 500' };
    };
    const pod = new FakePod(podWith({ lifecycle }), { answer });
    await pod.start();

    const [trial] = trials;
    equal(trial?.userAgent, 'kube-lifecycle/1.31');
    equal(trial?.do === 'httpGet' && trial.anyStatus, true);
    deepEqual(pod.told('hook-done'), ['hook-done app postStart']);
  });

  it('over the network end with the container that they wait for', async () => {
    const lifecycle = { postStart: { httpGet: { port: 1 } } };
    const pod = new FakePod(podWith({ lifecycle }), { answer: () => new Promise(() => undefined) });
    await pod.start();

    pod.run('app').exit(3);
    await pod.pass(0);

    equal(pod.told('hook-failed')[0], 'hook-failed app postStart: app ended');
    equal(pod.life.container('app').status.exitCode, 3);
  });

  it('of a kind that Kubernetes does not run fail', async () => {
    const pod = new FakePod(podWith({ lifecycle: { postStart: { tcpSocket: { port: 1 } } } }));
    await pod.start();

    equal(
      pod.told('hook-failed')[0],
      'hook-failed app postStart: Kubernetes runs no hook of the kind tcpSocket',
    );
  });
});
