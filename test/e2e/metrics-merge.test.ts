// The metrics page of the real agent with the real Envoy and an application beside them, and the port on which Envoy
// hands it to clients of the mesh only.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { freePorts } from '../../examples/demo/free-ports.ts';
import { loopbackServer, type LoopbackServer } from '../support/http-server.ts';
import { parseProblem } from '../support/promtool.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { answeringListener, staticCluster } from './support/mesh-resources.ts';
import { Pod } from './support/pod.ts';

const APPLICATION =
  '# HELP shop_orders_total Orders.\n# TYPE shop_orders_total counter\nshop_orders_total 7\n';

/** Relative to the root of the pod. */
const CERTIFICATES = 'etc/written-certificates';

describe('metrics of the agent, of Envoy and of the application', function () {
  this.timeout(60_000);
  const asked: IncomingMessage[] = [];
  const opened = new AsyncDisposableStack();
  let application: LoopbackServer;
  let pod: Pod;
  let securePort = 0;

  before(async () => {
    const folder = opened.use(await temporaryDirectory());
    const [port = 0, secure = 0] = await freePorts(2);
    securePort = secure;
    const resources = [answeringListener('hello', port), staticCluster('web', port)];
    const config = { 'all.yaml': { resources } };
    const control = opened.use(await ControlPlane.start(join(folder.path, 'control'), { config }));
    application = opened.use(
      await loopbackServer((incoming, response) => {
        asked.push(incoming);
        response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(APPLICATION);
      }),
    );
    const scraping = { scrape: 'true', targets: [{ port: String(application.port), path: '/orders?all' }] };
    pod = await Pod.start(join(folder.path, 'pod'), {
      control,
      env: {
        ISTIO_PROMETHEUS_ANNOTATIONS: JSON.stringify(scraping),
        ENVOY_SECURE_MERGED_METRICS_PORT: String(secure),
        OUTPUT_CERTS: `./${CERTIFICATES}`,
      },
      prepare: async (root) => {
        await mkdir(join(root, CERTIFICATES));
      },
    });
    opened.use(pod);
    await pod.ready();
  });
  after(() => opened.disposeAsync());

  it('are on one page, in this order, and the page parses', async () => {
    const answer = await fetch(pod.status('/stats/prometheus'));
    const page = await answer.text();

    equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const positions = ['istio_agent_scrapes_total 1', 'envoy_server_live{', 'shop_orders_total 7'].map(
      (part) => page.search(new RegExp(`^${part}`, 'm')),
    );
    ok(!positions.includes(-1), positions.join());
    deepEqual(
      positions,
      positions.toSorted((a, b) => a - b),
    );
    ok(page.endsWith(APPLICATION));
    equal(await parseProblem(page), undefined);
  });

  it('begin with those the reference has after a normal start', async () => {
    const page = await (await fetch(pod.status('/metrics'))).text();

    for (const name of [
      'startup_duration_seconds',
      'scrapes_total',
      'xds_proxy_requests',
      'xds_proxy_responses',
      'pilot_xds_recv_max',
      'pilot_xds_send_time_count',
      'num_outgoing_requests{request_type="csr"}',
      'outgoing_latency{request_type="csr"}',
      'cert_expiry_seconds{resource_name="default"}',
      'process_network_receive_bytes_total',
    ]) {
      ok(page.includes(`\nistio_agent_${name} `), name);
    }
    for (const name of [
      'istiod_connection_failures',
      'scrape_failures_total',
      'num_failed_outgoing_requests',
    ]) {
      ok(!page.includes(`istio_agent_${name}`), name);
    }
  });

  it('let a query choose among those of Envoy, and the application knows nothing of it', async () => {
    asked.length = 0;

    const page = await (await fetch(pod.status('/metrics?usedonly&filter=^server.live$'))).text();

    match(page, /^envoy_server_live\{\} 1$/m);
    equal(page.match(/^# TYPE envoy_/gm)?.length, 1);
    deepEqual(
      asked.map(({ url }) => url),
      ['/orders?all'],
    );
  });

  it('are told of in the log and on a page for whoever misses them', async () => {
    await (await fetch(pod.status('/metrics'))).text();

    const [envoy, shop] = (await (await fetch(pod.status('/debug/scrapez'))).json()) as Record<
      string,
      unknown
    >[];

    deepEqual([envoy?.['type'], envoy?.['port'], envoy?.['up']], ['envoy', pod.ports.prometheus, true]);
    deepEqual(
      [shop?.['type'], shop?.['port'], shop?.['path'], shop?.['up'], shop?.['bytes']],
      ['application', application.port, '/orders?all', true, APPLICATION.length],
    );
    const line = `Metrics page: agent, envoy (port ${pod.ports.prometheus}, path "/stats/prometheus"), `;
    ok((await pod.log()).includes(`${line}application (port ${application.port}, path "/orders?all")`));
  });

  it('are handed to clients with a certificate of the mesh by Envoy, and to no others', async () => {
    const [key, cert, ca] = await Promise.all(
      ['key.pem', 'cert-chain.pem', 'root-cert.pem'].map((name) =>
        readFile(join(pod.root, CERTIFICATES, name)),
      ),
    );
    const identity = { key, cert };

    for (const path of ['/stats/prometheus', '/metrics']) {
      ok((await overTls(securePort, path, { ca, ...identity })).endsWith(APPLICATION), path);
    }
    await rejects(overTls(securePort, '/metrics', { ca }));
    await rejects(fetch(`http://127.0.0.1:${securePort}/metrics`));
  });
});

/** The server's name is a SPIFFE id, which is no host name; that it is of the mesh is checked. */
function overTls(port: number, path: string, tls: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      ...tls,
      host: '127.0.0.1',
      port,
      path,
      agent: false,
      checkServerIdentity: () => undefined,
    };
    request(options, (response) => void text(response).then(resolve, reject))
      .on('error', reject)
      .end();
  });
}
