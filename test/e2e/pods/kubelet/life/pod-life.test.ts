import { deepEqual, equal } from 'node:assert/strict';

import { FakePod } from '../support/fake-pod.ts';
import { APPLICATION, podOf, type Yaml } from '../support/pod-yaml.ts';

const INIT: Yaml = { ...APPLICATION, name: 'init' };
const SIDECAR: Yaml = { ...APPLICATION, name: 'proxy', restartPolicy: 'Always' };
const HTTP: Yaml = { httpGet: { port: 15021, path: '/ready' }, periodSeconds: 1 };
const HOOK: Yaml = { exec: { command: ['wait'] } };

describe('the start of a pod', () => {
  it('runs init containers one after the other, and applications when they ended well', async () => {
    const pod = new FakePod(podOf({ initContainers: [INIT, { ...INIT, name: 'init-2' }] }));
    await pod.start();

    deepEqual(pod.told('started'), ['started init']);
    pod.run('init').exit(0);
    await pod.pass(0);
    deepEqual(pod.told('started'), ['started init', 'started init-2']);
    pod.run('init-2').exit(0);
    await pod.pass(0);

    deepEqual(pod.told('started').at(-1), 'started app');
    equal(pod.life.phase, 'Running');
  });

  it('tries a failed init container again, though not one that ended well', async () => {
    const pod = new FakePod(podOf({ initContainers: [INIT] }));
    await pod.start();

    pod.run('init').exit(1);
    await pod.pass(0);
    pod.run('init').exit(0);
    await pod.pass(60);

    equal(pod.runs('init'), 2);
    equal(pod.runs('app'), 1);
  });

  it('fails with an init container that must not start again', async () => {
    const pod = new FakePod(podOf({ restartPolicy: 'Never', initContainers: [SIDECAR, INIT] }));
    await pod.start();

    pod.run('init').exit(1);
    await pod.pass(0);

    equal(pod.life.phase, 'Failed');
    equal(pod.runs('app'), 0);
    deepEqual(pod.run('proxy').signals, ['SIGTERM']);
  });

  it('waits for the startup probe of a sidecar before it goes on', async () => {
    let isUp = false;
    const sidecar = { ...SIDECAR, startupProbe: { ...HTTP, failureThreshold: 600 } };
    const spec = podOf({ initContainers: [sidecar, INIT] });
    const pod = new FakePod(spec, { answer: () => ({ isSuccess: isUp, detail: 'refused' }) });
    await pod.start();
    await pod.pass(5);

    equal(pod.runs('init'), 0);
    isUp = true;
    await pod.pass(1);

    equal(pod.runs('init'), 1);
    deepEqual(pod.told('probe'), ['probe proxy startup passed']);
  });

  it('waits for the postStart hook of an application before it starts the next', async () => {
    const held = Promise.withResolvers<{ stdout: string; stderr: string; exitCode: number }>();
    const proxy = { ...APPLICATION, name: 'proxy', lifecycle: { postStart: HOOK } };
    const programs = { proxy: { onTerm: 0, exec: () => held.promise } };
    const pod = new FakePod(podOf({ containers: [proxy, APPLICATION] }), { programs });
    await pod.start();

    deepEqual(pod.told('started', 'hook'), ['started proxy', 'hook proxy postStart']);
    equal(pod.life.container('proxy').status.state, 'waiting');
    held.resolve({ stdout: '', stderr: '', exitCode: 0 });
    await pod.pass(0);

    equal(pod.runs('app'), 1);
    equal(pod.life.isReady, true);
  });

  it('ends and restarts a container whose postStart hook fails, and starts the next all the same', async () => {
    const proxy = { ...APPLICATION, name: 'proxy', lifecycle: { postStart: HOOK } };
    const exec = (): Promise<{ stdout: string; stderr: string; exitCode: number }> =>
      Promise.resolve({ stdout: '', stderr: 'no', exitCode: 7 });
    const programs = { proxy: { onTerm: 0, exec } };
    const pod = new FakePod(podOf({ containers: [proxy, APPLICATION] }), { programs });
    await pod.start();

    deepEqual(pod.told('hook-failed')[0], 'hook-failed proxy postStart: exit code 7: no');
    equal(pod.runs('app'), 1);
    equal(pod.runs('proxy') > 1, true);
    equal(pod.life.isReady, false);
  });

  it('goes on without a program that cannot be started', async () => {
    const pod = new FakePod(podOf({ containers: [{ ...APPLICATION, name: 'bad' }, APPLICATION] }), {
      broken: ['bad'],
    });
    await pod.start();

    equal(pod.runs('app'), 1);
    equal(pod.life.container('bad').status.exitCode, 128);
    equal(pod.life.container('bad').status.reason, 'CrashLoopBackOff');
  });
});

describe('the end of a pod', () => {
  const later = { ...SIDECAR, name: 'later' };

  it('comes when all applications ended well; then sidecars end, the last first', async () => {
    const spec = podOf({ restartPolicy: 'OnFailure', initContainers: [SIDECAR, later] });
    const pod = new FakePod(spec);
    await pod.start();

    pod.run('app').exit(0);
    await pod.pass(1);

    equal(pod.life.phase, 'Succeeded');
    deepEqual(pod.told('signal', 'ended'), [
      'ended app exit code 0',
      'signal later SIGTERM',
      'ended later exit code 0',
      'signal proxy SIGTERM',
      'ended proxy exit code 0',
    ]);
  });

  it('is a failure when an application failed for good, whatever sidecars say', async () => {
    const pod = new FakePod(podOf({ restartPolicy: 'Never', initContainers: [SIDECAR] }));
    await pod.start();

    pod.run('app').exit(3);
    await pod.pass(1);

    equal(pod.life.phase, 'Failed');
  });

  it('comes by no end of its containers where they always start again', async () => {
    const pod = new FakePod(podOf());
    await pod.start();

    pod.run('app').exit(0);
    await pod.pass(1);

    equal(pod.life.phase, 'Running');
    equal(pod.runs('app'), 2);
  });

  it('begins with all preStop hooks at once, and a sidecar is asked to end after the applications', async () => {
    const lifecycle = { preStop: HOOK };
    const spec = podOf({
      initContainers: [{ ...SIDECAR, lifecycle }],
      containers: [{ ...APPLICATION, lifecycle: { preStop: { sleep: { seconds: 3 } } } }],
    });
    const pod = new FakePod(spec);
    await pod.start();

    const termination = await pod.terminate();

    deepEqual(pod.toldWhen('hook', 'hook-done', 'signal', 'ended'), [
      '0 proxy preStop',
      '0 app preStop',
      '0 proxy preStop',
      '3 app preStop',
      '3 app SIGTERM',
      '3 app exit code 0',
      '3 proxy SIGTERM',
      '3 proxy exit code 0',
    ]);
    deepEqual(termination.hooks, ['proxy', 'app']);
    deepEqual(termination.killed, []);
    equal(termination.tookMs, 3000);
  });

  it('asks all applications at once', async () => {
    const programs = { one: { onTerm: undefined } };
    const containers = [{ ...APPLICATION, name: 'one' }, APPLICATION];
    const pod = new FakePod(podOf({ terminationGracePeriodSeconds: 10, containers }), { programs });
    await pod.start();

    const termination = await pod.terminate();

    deepEqual(pod.toldWhen('signal'), ['0 one SIGTERM', '0 app SIGTERM', '10 one SIGKILL']);
    deepEqual(
      [...termination.exitCodes],
      [
        ['one', 137],
        ['app', 0],
      ],
    );
    deepEqual(termination.killed, ['one']);
  });

  it('leaves a sidecar what its applications left of the grace period, and at least two seconds', async () => {
    const deaf = { onTerm: undefined };
    const spec = podOf({ terminationGracePeriodSeconds: 10, initContainers: [SIDECAR] });
    const pod = new FakePod(spec, { programs: { app: deaf, proxy: deaf } });
    await pod.start();

    await pod.terminate();

    deepEqual(pod.toldWhen('signal').toSorted(), [
      '0 app SIGTERM',
      '10 app SIGKILL',
      '10 proxy SIGTERM',
      '12 proxy SIGKILL',
    ]);
  });

  it('cuts a hook off at the end of the grace period', async () => {
    const lifecycle = { preStop: { sleep: { seconds: 60 } } };
    const programs = { app: { onTerm: undefined } };
    const containers = [{ ...APPLICATION, lifecycle }];
    const pod = new FakePod(podOf({ terminationGracePeriodSeconds: 5, containers }), { programs });
    await pod.start();

    await pod.terminate();

    deepEqual(pod.toldWhen('hook-failed'), ['5 app preStop: not done within 5 s']);
    deepEqual(pod.toldWhen('signal'), ['5 app SIGTERM', '7 app SIGKILL']);
  });

  it('restarts nothing any more', async () => {
    const pod = new FakePod(podOf({ initContainers: [SIDECAR] }), { programs: { app: {} } });
    await pod.start();
    const ending = pod.terminate();
    await pod.pass(1);

    pod.run('proxy').exit(1);
    await ending;

    equal(pod.runs('proxy'), 1);
    equal(pod.life.phase, 'Failed');
  });

  it('reaches a pod whose init container still runs', async () => {
    const pod = new FakePod(podOf({ initContainers: [INIT] }));
    await pod.start();

    const { exitCodes } = await pod.terminate();

    deepEqual([...exitCodes], [['init', 0]]);
    equal(pod.runs('app'), 0);
  });
});
