// A stream from an Envoy through a proxy to a control plane, whose first request has arrived. Both ends are the test's.

import type { Kind } from '../../src/xds-proxy/envelopes.ts';
import type { XdsProxyDeps } from '../../src/xds-proxy/proxy.ts';
import { CLUSTER_TYPE } from '../../src/xds/type-urls.ts';
import { startControlPlane, type ControlPlane, type ServedStream } from './control-plane.ts';
import { ClientStream } from './envoy-client.ts';
import { requestBytes } from './messages.ts';
import { startProxy, type StartedProxy } from './started-proxy.ts';

export interface OpenStream extends AsyncDisposable {
  readonly control: ControlPlane;
  readonly started: StartedProxy;
  readonly client: ClientStream;
  readonly served: ServedStream;
}

/** @param kind default `sotw`. @param paused the client does not read yet */
export async function openStream(
  { kind = 'sotw', paused = false }: { readonly kind?: Kind; readonly paused?: boolean },
  deps: Partial<XdsProxyDeps> = {},
): Promise<OpenStream> {
  const opened = new AsyncDisposableStack();
  const control = opened.use(await startControlPlane());
  const started = opened.use(await startProxy(control.address, deps));
  const client = opened.use(new ClientStream(started.socketPath, { kind, paused }));
  client.send(requestBytes(kind, CLUSTER_TYPE));
  const served = await control.streams.next();
  await served.requests.next();
  return { control, started, client, served, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
