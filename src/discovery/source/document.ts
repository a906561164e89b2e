// One YAML document of a configuration file, read into a scope of the model. Its form:
//
//   nodes: ["sidecar~*~client.*"]          absent: for every node
//   resources:                             Envoy v3 resources in protobuf's JSON form
//     - "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
//       name: web
//   names:                                 the name table of clients that resolve names themselves
//     web.default.svc.cluster.local: { ips: [10.0.0.1], registry: Kubernetes, namespace: default, shortname: web }
//   caCertificatesPem:                     root certificates for agents with PROXY_CONFIG_XDS_AGENT
//     - |
//       -----BEGIN CERTIFICATE-----

import { isIP } from 'node:net';

import { parseCertificates } from '../../pki/certificates.ts';
import type { JsonEncoder } from '../../proto/json-encoder.ts';
import { JsonMappingError, type Path } from '../../proto/json-mapping-error.ts';
import { messageOf } from '../../runtime/errors.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_CONFIG_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  SECRET_TYPE,
} from '../../xds/type-urls.ts';
import type { Host, Scope, WrittenResource } from '../model.ts';
import { problemText, type DocumentPlace } from './problem.ts';

/** The types a file may hold, and the field that names a resource of each. */
const NAME_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  [CLUSTER_TYPE, ['name']],
  [ENDPOINT_TYPE, ['cluster_name', 'clusterName']],
  [EXTENSION_CONFIG_TYPE, ['name']],
  [LISTENER_TYPE, ['name']],
  [ROUTE_TYPE, ['name']],
  [SECRET_TYPE, ['name']],
]);

const DOCUMENT_FIELDS = new Set(['nodes', 'resources', 'names', 'caCertificatesPem']);

/** What reading needs of the message types. */
export type ResourceEncoder = Pick<JsonEncoder, 'encodeAny'>;

export interface ReadDocument {
  readonly place: DocumentPlace;
  readonly scope: Scope;
  /** One line per mistake; empty when the scope is complete. */
  readonly problems: readonly string[];
}

/** Reads what the document says; mistakes are gathered, not thrown. */
export function readDocument(place: DocumentPlace, encoder: ResourceEncoder): ReadDocument {
  const reader = new DocumentReader(place, encoder);
  return { place, scope: reader.scope(), problems: reader.problems };
}

/** `Cluster "web"` */
export function resourceLabel(typeUrl: string, name: string): string {
  return `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} "${name}"`;
}

type JsonObject = Readonly<Record<string, unknown>>;

class DocumentReader {
  readonly problems: string[] = [];
  readonly #place: DocumentPlace;
  readonly #encoder: ResourceEncoder;

  constructor(place: DocumentPlace, encoder: ResourceEncoder) {
    this.#place = place;
    this.#encoder = encoder;
  }

  scope(): Scope {
    const fields = this.#object(this.#json(), []);
    for (const key of Object.keys(fields)) {
      if (!DOCUMENT_FIELDS.has(key))
        this.#problem([key], `unknown; a document has ${[...DOCUMENT_FIELDS].join(', ')}`);
    }
    const { nodes, resources = [], names = {}, caCertificatesPem = [] } = fields;
    return {
      nodes: nodes === undefined ? undefined : this.#strings(nodes, ['nodes']),
      resources: this.#list(resources, ['resources']).flatMap((item, i) => this.#resource(item, i)),
      hosts: new Map(
        Object.entries(this.#object(names, ['names'])).map(([name, host]) => [name, this.#host(name, host)]),
      ),
      anchors: this.#anchors(caCertificatesPem),
    };
  }

  #json(): unknown {
    try {
      return this.#place.document.toJS();
    } catch (error) {
      this.#problem([], messageOf(error)); // an alias without anchor, or too many of them
      return {};
    }
  }

  #resource(json: unknown, index: number): WrittenResource[] {
    const path = ['resources', index];
    const { '@type': typeUrl, ...rest } = this.#object(json, path);
    const nameFields = typeof typeUrl === 'string' ? NAME_FIELDS.get(typeUrl) : undefined;
    if (typeof typeUrl !== 'string' || nameFields === undefined) {
      this.#problem([...path, '@type'], `must be one of ${[...NAME_FIELDS.keys()].join(', ')}`);
      return [];
    }
    const name = nameFields.map((field) => rest[field]).find((value) => typeof value === 'string');
    if (typeof name !== 'string' || name === '') {
      this.#problem(path, `${nameFields[0]} is missing`);
      return [];
    }
    return this.#encoded(json, typeUrl, name, path);
  }

  #encoded(json: unknown, typeUrl: string, name: string, path: Path): WrittenResource[] {
    try {
      return [{ typeUrl, name, resource: this.#encoder.encodeAny(json, path) }];
    } catch (error) {
      if (!(error instanceof JsonMappingError)) throw error;
      this.#problem(error.path, error.problem, resourceLabel(typeUrl, name));
      return [];
    }
  }

  #host(name: string, json: unknown): Host {
    const path = ['names', name];
    const {
      ips = [],
      registry = '',
      shortname = '',
      namespace = '',
      altHosts = [],
      ...unknown
    } = this.#object(json, path);
    for (const key of Object.keys(unknown)) this.#problem([...path, key], 'unknown field of a name');
    const addresses = this.#strings(ips, [...path, 'ips']);
    for (const [index, ip] of addresses.entries()) {
      if (isIP(ip) === 0) this.#problem([...path, 'ips', index], `"${ip}" is no IP address`);
    }
    return {
      ips: addresses,
      registry: this.#string(registry, [...path, 'registry']),
      shortname: this.#string(shortname, [...path, 'shortname']),
      namespace: this.#string(namespace, [...path, 'namespace']),
      altHosts: this.#strings(altHosts, [...path, 'altHosts']),
    };
  }

  #anchors(json: unknown): readonly string[] {
    const path = ['caCertificatesPem'];
    const anchors = this.#strings(json, path);
    for (const [index, pem] of anchors.entries()) {
      try {
        parseCertificates(pem);
      } catch (error) {
        this.#problem([...path, index], messageOf(error));
      }
    }
    return anchors;
  }

  #object(json: unknown, path: Path): JsonObject {
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
    this.#problem(path, 'must be an object');
    return {};
  }

  #list(json: unknown, path: Path): readonly unknown[] {
    if (Array.isArray(json)) return json;
    this.#problem(path, 'must be a list');
    return [];
  }

  #strings(json: unknown, path: Path): readonly string[] {
    return this.#list(json, path).map((item, index) => this.#string(item, [...path, index]));
  }

  #string(json: unknown, path: Path): string {
    if (typeof json === 'string') return json;
    this.#problem(path, 'must be a string');
    return '';
  }

  #problem(path: Path, what: string, label?: string): void {
    this.problems.push(problemText(this.#place, path, what, label));
  }
}
