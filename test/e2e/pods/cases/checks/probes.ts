// What the kubelet hears of a pod: its readiness on Envoy's port, and the application's probes through the agent.

import { type Check, expect } from '../check.ts';
import { applicationsOf, proxyOf, variable } from '../pod-facts.ts';

type Container = Parameters<typeof variable>[0];

/** Each probe of the proxy's own is answered with 200 at the pod's address. */
export const answersItsOwnProbes: Check = async ({ pod, node }) => {
  const urls = probeUrls(proxyOf(pod.spec), pod.ip);
  expect(urls.length > 0, 'the proxy has no probe');
  for (const url of urls) {
    const { status, body } = await node.get(url);
    expect(status === 200, `${url} answered ${status}: ${body.trim()}`);
  }
  return undefined;
};

/** Each rewritten probe of the application is answered by the agent, and one that nobody wrote is not. */
export const answersRewrittenProbes: Check = async ({ pod, node }) => {
  const urls = applicationsOf(pod.spec).flatMap((container) => probeUrls(container, pod.ip));
  expect(urls.length > 0, 'no probe of the application is rewritten');
  for (const url of urls) {
    const { status, body } = await node.get(url);
    expect(status === 200, `${url} answered ${status}: ${body.trim()}`);
  }
  const unknown = `${new URL(urls[0] ?? '').origin}/app-health/nobody/livez`;
  const { status } = await node.get(unknown);
  expect(status === 400, `${unknown} answered ${status}`);
  return `${urls.length} probes`;
};

interface Prober {
  readonly httpGet?: { readonly port: number };
}

/** When the application's own port says 503, so does the rewritten probe, until the application has recovered. */
export const tellsOfAFailingApplication: Check = async ({ pod, node }) => {
  const probers = JSON.parse(variable(proxyOf(pod.spec), 'ISTIO_KUBE_APP_PROBERS') ?? '{}') as Record<
    string,
    Prober
  >;
  const asked = Object.entries(probers).find(
    ([path, { httpGet }]) => httpGet && path.startsWith('/app-health/'),
  );
  expect(asked !== undefined, 'no HTTP probe of the application is rewritten');
  const [path, { httpGet }] = asked;
  const url = `http://${pod.ip}:15020${path}`;
  const command = async (name: string): Promise<void> => {
    const container = path.split('/')[2] ?? '';
    const way = `http://127.0.0.1:${httpGet?.port}/-/${name}?port=${httpGet?.port}`;
    const { exitCode, stdout, stderr } = await pod.exec(container, ['app', 'call', way]);
    expect(exitCode === 0, `the application did not take the command ${name}: ${stdout}${stderr}`);
  };

  await command('fail');
  const failing = await node.get(url);
  await command('recover');
  const recovered = await node.get(url);

  expect(failing.status === 503, `${path} answered ${failing.status} while the application failed`);
  expect(recovered.status === 200, `${path} answered ${recovered.status} when the application had recovered`);
  return undefined;
};

/** URLs of HTTP probes, as the kubelet forms them. */
function probeUrls(
  { startupProbe, readinessProbe, livenessProbe }: Container,
  ip: string,
): readonly string[] {
  const probes = [startupProbe, readinessProbe, livenessProbe].filter((probe) => probe !== undefined);
  const urls = probes.flatMap(({ action }) =>
    action.do === 'httpGet' ? [`http://${ip}:${action.port}/${action.path.replace(/^\//, '')}`] : [],
  );
  return [...new Set(urls)];
}
