import { deepEqual } from 'node:assert/strict';

import { applicationPorts } from './application-ports.ts';
import { application, podOf, type PodYaml, SIDECAR } from './support/pod-yaml.ts';

/** By container. */
function ports(yaml: PodYaml): Readonly<Record<string, readonly number[]>> {
  const pod = podOf(yaml);
  return Object.fromEntries(
    pod.containers.map((container) => [container.name, applicationPorts(pod, container)]),
  );
}

describe('applicationPorts', () => {
  it('has those of the container’s own probes and hooks, but not those of the agent', () => {
    const more = {
      readinessProbe: { httpGet: { path: '/', port: 81 } },
      livenessProbe: { httpGet: { path: '/app-health/web/livez', port: 15_020 } },
      lifecycle: { preStop: { httpGet: { path: '/bye', port: 82 } } },
    };

    deepEqual(ports({ containers: [application('web', { http: 80 }, more)] }), { web: [80, 81, 82] });
  });

  it('has those of the probes and hooks that were rewritten, by the container they are of', () => {
    const env = {
      ISTIO_KUBE_APP_PROBERS: JSON.stringify({
        '/app-health/web/livez': { httpGet: { port: 80 } },
        '/app-health/web/readyz': { grpc: { port: 3333, service: null } },
        '/app-lifecycle/web/poststartz': { tcpSocket: { port: 93 } },
        '/app-health/other/livez': { httpGet: { port: 90 } },
      }),
    };
    const containers = [application('web', { http: 80 }), application('other', {})];

    deepEqual(ports({ ...SIDECAR, env, containers }), { web: [80, 93, 3333], other: [90] });
  });

  it('gives the first application the ports of scrapes and of capture that no other one has', () => {
    const targets = [{ port: '8080' }, { port: '9100' }];
    const env = { ISTIO_PROMETHEUS_ANNOTATIONS: JSON.stringify({ scrape: 'true', port: '8080', targets }) };
    const capture = ['-b', '1,2', '-d', '15090,15021,4,15020'];
    const containers = [application('web', { http: 80 }), application('other', { http: 9100 })];

    deepEqual(ports({ ...SIDECAR, capture, env, containers }), { web: [1, 2, 4, 80, 8080], other: [9100] });
  });
});
