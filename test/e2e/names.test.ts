// Names of the mesh from the control plane to an application's query, through the whole agent and the real Envoy, over
// whose stream they come.

import { deepEqual, doesNotMatch, match, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';

import { freePorts } from '../../examples/demo/free-ports.ts';
import { ask } from '../dns/support/dns-client.ts';
import { decode, encodeQuery } from '../dns/support/wire.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { INJECTED_ARGS, Pod } from './support/pod.ts';
import { Relay } from './support/relay.ts';

const SERVFAIL = 2;
const NOERROR = 0;
const WEB = ['web.default.svc.cluster.local.', 'web.default.', 'web.'] as const;
const EXTERNAL = 'db.example.';
const NO_TABLE = /^failed dns: istio DNS capture is turned ON and DNS lookup table is not ready yet/m;

type Reply = readonly [rcode: number, ...addresses: string[]];

function names(ip: string): object {
  const web = { registry: 'Kubernetes', namespace: 'default', shortname: 'web', ips: [ip] };
  return { names: { 'web.default.svc.cluster.local': web, 'db.example': { ips: ['192.0.2.7'] } } };
}

describe('names of the mesh', function () {
  this.timeout(120_000);

  it('fail until the control plane brings them, then resolve, change, and stay when it is gone', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    const server = { host: '127.0.0.1', port };
    const resolve = async (name: string): Promise<Reply> => {
      const reply = await ask('udp', server, encodeQuery({ name }));
      const { rcode, answers } = decode(reply);
      return [rcode, ...answers.map(({ data }) => data)];
    };
    const config = { 'names.yaml': names('10.96.0.1') };
    await using control = await ControlPlane.start(join(folder.path, 'control'), { config });
    await using relay = await Relay.start(control.port);
    relay.hold();
    await using pod = await Pod.start(join(folder.path, 'pod'), {
      control,
      env: { ISTIO_META_DNS_CAPTURE: 'true', DNS_PROXY_ADDR: `127.0.0.1:${port}` },
      proxyConfig: { discoveryAddress: `127.0.0.1:${relay.port}`, terminationDrainDuration: '10ms' },
    });
    const page = (path: string): Promise<Response> => fetch(pod.status(path));
    const failedStreams = async (): Promise<boolean> =>
      /^istio_agent_istiod_connection_terminations\{/m.test(await (await page('/metrics')).text());

    await pod.until(async () => (await ask('tcp', server, encodeQuery({ name: EXTERNAL }))).length > 0);
    const early = await resolve(WEB[0]);
    const whyNotReady = await (await page('/healthz/ready?verbose')).text();
    const missing = await page('/debug/ndsz');
    const noTable = [missing.status, await missing.text()];
    relay.release();
    await pod.ready(60_000);
    const ready = await Promise.all([...WEB, EXTERNAL].map(resolve));
    const reports = await Promise.all(
      ['web', 'www.example.org'].map(async (host) => (await page(`/debug/ndsz?host=${host}`)).text()),
    );
    const xds = await (await page('/debug/xds')).text();
    const shown = (await (await page('/debug/ndsz')).json()) as { readonly table: Record<string, object> };
    await control.write('names.yaml', names('10.96.0.2'));
    await pod.until(async () => (await resolve(WEB[2]))[1] === '10.96.0.2');
    const counted = await (await page('/metrics')).text();
    await control.close();
    await pod.until(failedStreams);
    const late = await resolve(WEB[2]);

    deepEqual(early, [SERVFAIL]);
    match(whyNotReady, NO_TABLE);
    deepEqual(noTable, [404, '{}']);
    const web = [NOERROR, '10.96.0.1'];
    deepEqual(ready, [web, web, web, [NOERROR, '192.0.2.7']]);
    deepEqual(shown.table['web.default.'], { ips: ['10.96.0.1'], registry: 'Kubernetes' });
    match(
      reports[0] ?? '',
      /answered from the name table: web\. is a short name of web\.default\.svc\.cluster\.local"/,
    );
    match(reports[1] ?? '', /the name table does not have it; /);
    match(xds, /"NDS"/);
    match(counted, /^istio_agent_dns_table_hosts 2$/m);
    match(counted, /^istio_agent_dns_table_update_seconds_count 2$/m);
    match(counted, /^istio_agent_dns_local_answers_total\{result="hit"\} [1-9]/m);
    deepEqual(late, [NOERROR, '10.96.0.2']);
  });

  it('17: are not asked for and not answered by a gateway that only captures them', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    const config = { 'names.yaml': names('10.96.0.1') };
    await using control = await ControlPlane.start(join(folder.path, 'control'), { config });
    await using pod = await Pod.start(join(folder.path, 'pod'), {
      control,
      args: ['proxy', 'router', ...INJECTED_ARGS.slice(2)],
      env: { ISTIO_META_DNS_CAPTURE: 'true', DNS_PROXY_ADDR: `127.0.0.1:${port}` },
      proxyConfig: { terminationDrainDuration: '10ms' },
    });

    await pod.ready(60_000);
    const answer = once(connect(port, '127.0.0.1'), 'connect');
    await rejects(answer, { code: 'ECONNREFUSED' });
    const pages = await Promise.all(
      ['/debug/ndsz', '/debug/ndsz?host=web', '/debug/xds'].map((path) => fetch(pod.status(path))),
    );
    const [table, report, streams = ''] = await Promise.all(pages.map((page) => page.text()));

    deepEqual([pages[0]?.status, table, pages[1]?.status, report], [404, '{}', 404, '{}']);
    match(streams, /"CDS"/);
    doesNotMatch(streams, /NameTable|"NDS"/);
  });
});
