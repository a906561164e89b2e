// Envoy's configuration messages, for whoever turns written configuration into bytes. The descriptor is half a
// megabyte: it is loaded when loadEnvoyApi() is called, and only `discovery` calls it. envoy.json is generated
// (generate-envoy.ts) and committed, so that neither an install nor a start needs the .proto files.

import protobuf from 'protobufjs/light.js';

import { JsonEncoder } from './json-encoder.ts';

/** Which Envoy release the messages correspond to, judged by their newest fields; newer fields are unknown. */
export const ENVOY_API = 'the Envoy API of about version 1.33';

export interface EnvoyApi {
  readonly root: protobuf.Root;
  readonly encoder: JsonEncoder;
}

export async function loadEnvoyApi(): Promise<EnvoyApi> {
  const { default: descriptor } = await import('./envoy.json', { with: { type: 'json' } });
  const root = protobuf.Root.fromJSON(descriptor);
  return { root, encoder: new JsonEncoder(root, ENVOY_API) };
}
