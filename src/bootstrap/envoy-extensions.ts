// The extensions this bootstrap may ask for that only Istio's own Envoy has. An Envoy without one refuses the whole
// document, so it is taken out, with what only it uses. Which Envoy has which is not known here.

import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';
import type { BootstrapDocument } from './bootstrap.ts';

export interface EnvoyExtension {
  /** As Envoy's error calls it. */
  readonly name: string;
  /** The smallest bootstrap that asks for it. */
  readonly sample: JsonObject;
}

/** Whether the document asks for it, and the document without it. */
interface Removable extends EnvoyExtension {
  readonly isIn: (document: BootstrapDocument) => boolean;
  readonly removeFrom: (document: BootstrapDocument) => BootstrapDocument;
}

const WORKLOAD_DISCOVERY = 'istio.workload.BootstrapExtension';
const LIGHTSTEP = 'envoy.tracers.lightstep';

const REMOVABLE: readonly Removable[] = [
  {
    name: WORKLOAD_DISCOVERY,
    sample: {
      bootstrap_extensions: [
        {
          name: WORKLOAD_DISCOVERY,
          typed_config: {
            '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
            type_url: `type.googleapis.com/${WORKLOAD_DISCOVERY}`,
            value: { config_source: { ads: {} } },
          },
        },
      ],
    },
    isIn: (document) => list(document['bootstrap_extensions']).some(isWorkloadDiscovery),
    removeFrom: (document) => ({
      ...document,
      bootstrap_extensions: list(document['bootstrap_extensions']).filter((one) => !isWorkloadDiscovery(one)),
    }),
  },
  {
    name: LIGHTSTEP,
    sample: {
      tracing: {
        http: {
          name: LIGHTSTEP,
          typed_config: {
            '@type': 'type.googleapis.com/envoy.config.trace.v3.LightstepConfig',
            collector_cluster: 'lightstep',
            access_token_file: '/dev/null',
          },
        },
      },
    },
    isIn: (document) => at(document, 'tracing', 'http', 'name') === LIGHTSTEP,
    removeFrom: withoutTracer,
  },
];

/** Those that the document asks for. */
export function istioExtensions(document: BootstrapDocument): readonly EnvoyExtension[] {
  return REMOVABLE.filter(({ isIn }) => isIn(document));
}

/** @param lacking names of extensions that the Envoy at hand lacks */
export function withoutExtensions(
  document: BootstrapDocument,
  lacking: readonly string[],
): { readonly document: BootstrapDocument; readonly leftOut: readonly string[] } {
  const removed = REMOVABLE.filter(({ name, isIn }) => lacking.includes(name) && isIn(document));
  return {
    document: removed.reduce((rest, { removeFrom }) => removeFrom(rest), document),
    leftOut: removed.map(({ name }) => name),
  };
}

/** Its type stands in a TypedStruct, or in a user's template perhaps by itself. */
function isWorkloadDiscovery(extension: Json): boolean {
  const types = [at(extension, 'typed_config', 'type_url'), at(extension, 'typed_config', '@type')];
  return types.includes(`type.googleapis.com/${WORKLOAD_DISCOVERY}`);
}

/** The collector's cluster goes too: nobody else reports to it, and Envoy would ask DNS for it forever. */
function withoutTracer(document: BootstrapDocument): BootstrapDocument {
  const collector = at(document, 'tracing', 'http', 'typed_config', 'collector_cluster');
  const { tracing: _tracing, static_resources: resources, ...others } = document;
  if (!isJsonObject(resources)) return others;
  const clusters = list(resources['clusters']).filter((cluster) => at(cluster, 'name') !== collector);
  return { ...others, static_resources: { ...resources, clusters } };
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function at(value: Json, ...path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (outer, name) => (isJsonObject(outer) ? outer[name] : undefined),
    value,
  );
}
