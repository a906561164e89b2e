// Cases about the application's probes: what configures them, and what they do over real sockets.

import { deepEqual, equal, throws } from 'node:assert/strict';
import type { RequestListener } from 'node:http';

import { parseAppProbers } from '../../../src/config/app-probers.ts';
import { probeAddresses } from '../../../src/status/probes/addresses.ts';
import { closedPort } from '../../support/http-server.ts';
import { startStatus } from '../../status/fixtures/status-fixture.ts';
import { healthServer } from '../../status/probes/fixtures/health-server.ts';
import { ask, type Answer } from '../../status/probes/fixtures/probing.ts';
import { sampleApp } from '../../status/probes/fixtures/sample-app.ts';
import type { ConformanceCase } from '../case.ts';
import type { Load } from '../status.ts';

interface ConfigCase {
  readonly name: string;
  readonly env: string;
  readonly errorContains?: string;
}

interface ProbeCase {
  readonly name: string;
  readonly probers: object;
  readonly request: string;
  readonly podIP: string;
  readonly ipv6: boolean;
  readonly status: number;
}

type Headers = Readonly<Record<string, readonly string[]>>;

interface HeaderCase {
  readonly name: string;
  readonly incoming: Headers;
  readonly configured: readonly object[];
  readonly seenByApp: Headers;
}

interface HostCase {
  readonly name: string;
  readonly statusPort: number;
  readonly appPort: number;
  readonly host: string;
  readonly appHost: string;
}

export async function* probeCases(load: Load): AsyncIterable<ConformanceCase> {
  for (const each of await load<readonly ConfigCase[]>('prober-config-cases.json')) {
    yield { name: `prober: ${each.name}`, run: async () => checkConfig(each) };
  }
  for (const each of await load<readonly ProbeCase[]>('app-probe-cases.json')) {
    yield { name: `app probe: ${each.name}`, run: () => checkProbe(each) };
  }
  for (const each of await load<readonly HeaderCase[]>('probe-header-cases.json')) {
    yield { name: `probe headers: ${each.name}`, run: () => checkHeaders(each) };
  }
  for (const each of await load<readonly HostCase[]>('probe-host-cases.json')) {
    yield { name: `probe host: ${each.name}`, run: () => checkHost(each) };
  }
}

function checkConfig({ env, errorContains }: ConfigCase): void {
  const read = (): unknown => parseAppProbers(env);
  if (errorContains === undefined) read();
  else throws(read, ({ name, message }: Error) => name === 'ConfigError' && message.includes(errorContains));
}

async function checkProbe({ probers, request, podIP, ipv6, status }: ProbeCase): Promise<void> {
  const loopback = ipv6 ? '::1' : '127.0.0.1';
  await using app = await sampleApp({ host: loopback, answer });
  await using health = await healthServer(loopback);
  const ports = { $APP: app.port, $GRPC: health.port, $CLOSED: await closedPort() };
  const env = JSON.stringify(probers, (_name, value: unknown) => ports[value as keyof typeof ports] ?? value);

  const { status: answered, body } = await probed({ env, request, podIP, ...(ipv6 && { source: '::1' }) });

  equal(answered, status);
  if (status === 500) equal(body, '');
}

async function checkHeaders({ incoming, configured, seenByApp }: HeaderCase): Promise<void> {
  await using app = await sampleApp();
  const request = '/app-health/web/livez';
  const env = JSON.stringify({ [request]: { httpGet: { port: app.port, httpHeaders: configured } } });

  await probed({ env, request, headers: flat(incoming) });

  const seen = new Map<string, string[]>();
  for (const [name = '', value = ''] of pairs(app.seen[0]?.headers ?? [])) {
    if (!/^(?:user-agent|accept-encoding|host)$/i.test(name))
      seen.set(name, [...(seen.get(name) ?? []), value]);
  }
  deepEqual(Object.fromEntries(seen), seenByApp);
}

async function checkHost({ statusPort, appPort, host, appHost }: HostCase): Promise<void> {
  await using app = await sampleApp();
  const request = '/app-health/web/livez';
  const env = JSON.stringify({ [request]: { httpGet: { port: app.port } } });

  await probed({ env, request, statusPort, headers: ['Host', host] });

  const seen = pairs(app.seen[0]?.headers ?? []).find(([name]) => name === 'Host');
  equal(seen?.[1], appHost.replace(new RegExp(`:${appPort}$`), `:${app.port}`));
}

interface Probed {
  readonly env: string;
  readonly request: string;
  readonly podIP?: string;
  readonly source?: string;
  readonly statusPort?: number;
  readonly headers?: readonly string[];
}

/** What the status port answers to the request. */
async function probed({
  env,
  request,
  podIP = '',
  source,
  statusPort = 15_020,
  headers = [],
}: Probed): Promise<Answer> {
  const addresses = { ...probeAddresses(podIP, [], false), ...(source !== undefined && { source }) };
  const appProbes = {
    ...addresses,
    probers: parseAppProbers(env),
    statusPort,
    http2: true,
    keepAlive: false,
  };
  const settings = { statusPort: 0, envoyPrometheusPort: undefined, metricsLoopbackOnly: false, appProbes };
  await using status = await startStatus({ settings });
  return await ask(Number(new URL(status.url).port), request, headers);
}

const REDIRECTS: Readonly<Record<string, string>> = {
  '/redirect': '/',
  '/redirect-loop': '/redirect-loop',
  '/remote-redirect': 'http://example.com/foo',
};

const answer: RequestListener = ({ url = '' }, response) => {
  const [, status] = /^\/status\/(\d+)$/.exec(url) ?? [];
  const location = REDIRECTS[url];
  if (location !== undefined) response.writeHead(301, { Location: location });
  else if (status !== undefined) response.writeHead(Number(status), { Location: '/' });
  response.end();
};

function flat(headers: Headers): readonly string[] {
  return Object.entries(headers).flatMap(([name, values]) => values.flatMap((value) => [name, value]));
}

function pairs(headers: readonly string[]): readonly (readonly string[])[] {
  return headers.flatMap((_, at) => (at % 2 === 0 ? [headers.slice(at, at + 2)] : []));
}
