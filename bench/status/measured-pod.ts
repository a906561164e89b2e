// A pod under measurement: the compiled agent with Envoy, ready, and an application beside it that is probed and scraped.

import { join, resolve } from 'node:path';

import { freePorts } from '../../examples/demo/free-ports.ts';
import { ControlPlane } from '../../test/e2e/support/control-plane.ts';
import { answeringListener, staticCluster } from '../../test/e2e/support/mesh-resources.ts';
import { Pod } from '../../test/e2e/support/pod.ts';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { AGENT } from '../built-agent.ts';
import { startServer } from '../server-process.ts';

const APPLICATION = resolve(import.meta.dirname, 'application.ts');
export const HTTP_PROBE = '/app-health/web/readyz';
export const TCP_PROBE = '/app-health/web/livez';

export interface MeasuredPod extends AsyncDisposable {
  readonly pod: Pod;
  readonly applicationPort: number;
}

/** @param lines of the application's metrics; 0: it is not scraped */
export async function measuredPod(lines: number, env: Record<string, string> = {}): Promise<MeasuredPod> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryDirectory());
  const [listenerPort = 0] = await freePorts(1);
  const resources = [answeringListener('hello', listenerPort), staticCluster('web', listenerPort)];
  const config = { 'all.yaml': { resources } };
  const control = opened.use(await ControlPlane.start(join(folder.path, 'control'), { config }));
  const applicationPort = await startServer([APPLICATION, String(lines)], opened);
  const scrape = { scrape: String(lines > 0), port: String(applicationPort), path: '/metrics' };
  const pod = await Pod.start(join(folder.path, 'pod'), {
    control,
    program: [AGENT],
    env: {
      MALLOC_MMAP_THRESHOLD_: '131072', // as in the image
      ISTIO_PROMETHEUS_ANNOTATIONS: JSON.stringify(scrape),
      ISTIO_KUBE_APP_PROBERS: JSON.stringify({
        [HTTP_PROBE]: { httpGet: { path: '/ready', port: applicationPort }, timeoutSeconds: 10 },
        [TCP_PROBE]: { tcpSocket: { port: applicationPort }, timeoutSeconds: 10 },
      }),
      ...env,
    },
  });
  opened.use(pod);
  await pod.ready();
  const all = opened.move();
  return { pod, applicationPort, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
