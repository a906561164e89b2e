// Pods as injectors of several years wrote them, run with nothing changed: arguments, environment, ports, volumes,
// users and capabilities.

import { deepEqual, equal, fail, match } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { namespaceObstacle } from '../iptables/network-namespace.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { InjectedPod, type Layout } from './support/injected-pod.ts';
import type { InsideProgram } from './support/inside.ts';

interface PodLayout extends Layout {
  readonly title: string;
  /** A port of the application. */
  readonly appPort: number;
}

const OWN: PodLayout = {
  title: 'a pod in the layout of Istio 1.7',
  file: join(import.meta.dirname, 'fixtures/pods/classic-1.7.yaml'),
  name: 'web',
  appPort: 8080,
};

interface ServerInfo {
  readonly node: {
    readonly id: string;
    readonly cluster: string;
    readonly metadata: { readonly LABELS: object; readonly OWNER: string };
  };
  readonly command_line_options: { readonly component_log_level: string; readonly concurrency: number };
}

/** The injector's own output, where it is beside the project. */
const GOLDEN_FOLDER = resolve(import.meta.dirname, '../../../shared/conformance/inject');
const GOLDEN: readonly PodLayout[] = ['1.31', '1.7'].map((version) => ({
  title: `the pod that Istio ${version} injects`,
  file: join(GOLDEN_FOLDER, `v${version}/hello.yaml.injected`),
  name: 'hello',
  appPort: 80,
}));

const obstacle = namespaceObstacle();

describe('pod layouts', function () {
  this.timeout(60_000);

  if (obstacle !== undefined) {
    if (process.env.CI === 'true') it('run as injected', () => fail(obstacle));
    else console.log(`    pods are not run as injected: ${obstacle}`);
    return;
  }

  describePod(OWN);
  if (existsSync(GOLDEN_FOLDER)) GOLDEN.forEach(describePod);
  else console.log('    no injected pods beside the project: only the one of this test is run');
});

function describePod(layout: PodLayout): void {
  describe(layout.title, () => {
    let opened: AsyncDisposableStack;
    let pod: InjectedPod;
    let proxy: InsideProgram;

    before(async () => {
      opened = new AsyncDisposableStack();
      const folder = opened.use(await temporaryDirectory());
      await chmod(folder.path, 0o755); // the proxy's user has to get through
      pod = opened.use(await InjectedPod.create(folder.path, await fetchEnvoy(), layout));
    });

    after(() => opened.disposeAsync());

    it('has its traffic captured by its init container', async () => {
      const { code, stdout, stderr } = await pod.init();

      equal(code, 0, stdout + stderr);
      const chains = (await pod.natChains()).filter((name) => name.startsWith('ISTIO'));
      deepEqual(chains.toSorted(), ['ISTIO_INBOUND', 'ISTIO_IN_REDIRECT', 'ISTIO_OUTPUT', 'ISTIO_REDIRECT']);
    });

    it('is ready to the kubelet', async () => {
      proxy = pod.start();

      await proxy.until(async () => (await pod.probe()) === 200);
    });

    it('runs Envoy as its arguments, variables and files say', async () => {
      const { stdout } = await pod.exec(['pilot-agent', 'request', 'GET', 'server_info']);

      const { node, command_line_options: options } = JSON.parse(stdout) as ServerInfo;
      equal(node.id, `sidecar~10.77.0.2~${layout.name}-1.default~default.svc.cluster.local`);
      equal(node.cluster, `${layout.name}.default`);
      deepEqual(node.metadata.LABELS, pod.spec.labels);
      equal(node.metadata.OWNER, pod.spec.proxy.env.ISTIO_META_OWNER);
      equal(options.component_log_level, 'misc:error');
      equal(options.concurrency, 2);
    });

    it('shows its identity to those who connect to the application', async () => {
      equal(await pod.identityAt(layout.appPort), `URI:spiffe://cluster.local/ns/default/sa/${layout.name}`);
    });

    it('ends with 0 when it is told to', async () => {
      const { preStop } = pod.spec.proxy;
      if (preStop.length > 0) equal((await pod.exec(preStop)).stdout, 'OK\n');

      deepEqual(await pod.stop(), { code: 0, signal: null });
      match(proxy.output, /Agent has successfully terminated/);
    });
  });
}
