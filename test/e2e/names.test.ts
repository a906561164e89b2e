// Names of the mesh from the control plane to an application's query, through the whole agent and the real Envoy, over
// whose stream they come.

import { deepEqual, match } from 'node:assert/strict';
import { join } from 'node:path';

import { freePorts } from '../../examples/demo/free-ports.ts';
import { ask } from '../dns/support/dns-client.ts';
import { decode, encodeQuery } from '../dns/support/wire.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { Pod } from './support/pod.ts';

const SERVFAIL = 2;
const NOERROR = 0;
const WEB = ['web.default.svc.cluster.local.', 'web.default.', 'web.'] as const;
const EXTERNAL = 'db.example.';

type Reply = readonly [rcode: number, ...addresses: string[]];

function names(ip: string): object {
  const web = { registry: 'Kubernetes', namespace: 'default', shortname: 'web', ips: [ip] };
  return { names: { 'web.default.svc.cluster.local': web, 'db.example': { ips: ['192.0.2.7'] } } };
}

/** What was seen of one agent, in this order. */
interface Story {
  readonly early: Reply;
  readonly whyNotReady: string;
  readonly noTable: readonly [status: number, text: string];
  readonly ready: readonly Reply[];
  readonly table: { readonly table: Readonly<Record<string, object>> };
  /** After another table came, and the control plane was gone. */
  readonly late: Reply;
}

/** From a start without control plane to its end. */
async function story(delta: string): Promise<Story> {
  await using folder = await temporaryDirectory();
  const [port = 0] = await freePorts(1);
  const resolve = async (name: string): Promise<Reply> => {
    const { rcode, answers } = decode(await ask('udp', { host: '127.0.0.1', port }, encodeQuery({ name })));
    return [rcode, ...answers.map(({ data }) => data)];
  };
  const home = join(folder.path, 'control');
  const config = { 'names.yaml': names('10.96.0.1') };
  const absent = await ControlPlane.start(home, { config });
  await absent.close();
  const dns = { ISTIO_META_DNS_CAPTURE: 'true', DNS_PROXY_ADDR: `127.0.0.1:${port}` };
  const options = { control: absent, env: { ...dns, ISTIO_DELTA_XDS: delta } };
  await using pod = await Pod.start(join(folder.path, 'pod'), options);
  const page = (path: string): Promise<Response> => fetch(pod.status(path));

  await pod.until(async () => (await resolve(WEB[0])).length > 0);
  const early = await resolve(WEB[0]);
  const whyNotReady = await (await page('/healthz/ready?verbose')).text();
  const missing = await page('/debug/ndsz');
  const noTable = [missing.status, await missing.text()] as const;
  const control = await ControlPlane.start(home, { config, port: absent.port });
  await pod.ready(60_000);
  const ready = await Promise.all([...WEB, EXTERNAL].map(resolve));
  const table = (await (await page('/debug/ndsz')).json()) as Story['table'];
  await control.write('names.yaml', names('10.96.0.2'));
  await pod.until(async () => (await resolve(WEB[2]))[1] === '10.96.0.2');
  const endings = async (): Promise<string> =>
    (await (await page('/metrics')).text())
      .match(/^istio_agent_istiod_connection_terminations.*/gm)
      ?.join() ?? '';
  const before = await endings();
  await control.close();
  await pod.until(async () => (await endings()) !== before);
  return { early, whyNotReady, noTable, ready, table, late: await resolve(WEB[2]) };
}

describe('names of the mesh', function () {
  this.timeout(120_000);
  let stories: Readonly<Record<string, PromiseSettledResult<Story>>>;

  before(async () => {
    // Both at the same time: what they wait for is the next try of a stream.
    const [delta, sotw] = await Promise.allSettled([story('true'), story('false')]);
    stories = { delta, 'state of the world': sotw };
  });

  for (const kind of ['delta', 'state of the world']) {
    it(`fail until ${kind} xDS brings them, then resolve, change, and stay when the control plane is gone`, () => {
      const result = stories[kind];
      if (result?.status !== 'fulfilled') throw result?.reason;
      const { early, whyNotReady, noTable, ready, table, late } = result.value;

      deepEqual(early, [SERVFAIL]);
      match(
        whyNotReady,
        /^failed dns: istio DNS capture is turned ON and DNS lookup table is not ready yet/m,
      );
      deepEqual(noTable, [404, '{}']);
      const web = [NOERROR, '10.96.0.1'];
      deepEqual(ready, [web, web, web, [NOERROR, '192.0.2.7']]);
      deepEqual(table.table['web.default.'], { ips: ['10.96.0.1'], registry: 'Kubernetes' });
      deepEqual(late, [NOERROR, '10.96.0.2']);
    });
  }
});
