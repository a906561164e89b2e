// Google Cloud: what GCP_METADATA says, else what the metadata server says.
// Labels of the instance are left out: they would need a credential for Google's compute API.
// Upstream: istio 1.31 pkg/bootstrap/platform/gcp.go, cloud.google.com/go/compute/metadata.

import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { gcpLocality, givenMetadata, withClusterUrl, zoneName, zoneOfResolvConf } from './gcp-facts.ts';
import type { GcpFacts } from './gcp-facts.ts';
import { askMetadataServer, metadataText } from './metadata-server.ts';
import type { Cloud, Platform } from './platform.ts';

export interface GcpSettings extends GcpFacts {
  /** GCE_METADATA_HOST, a host with or without a port; with any text in it this is Google Cloud. */
  readonly metadataHost: string;
  /** Where the server is without that: `http://` and an address. */
  readonly endpoint: string;
  /** KUBERNETES_SERVICE_HOST is set. */
  readonly inKubernetes: boolean;
}

export interface GcpDeps {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  readonly readText: (path: string) => Promise<string | undefined>;
  /** IPv4 addresses of a name, from DNS. */
  readonly resolve4: (name: string, signal: AbortSignal) => Promise<readonly string[]>;
}

const TIMEOUT_MS = 5000;
const ZONE_TIMEOUT_MS = 10_000;
const HEADERS = { 'Metadata-Flavor': 'Google' };
const SERVER_NAME = 'metadata.google.internal';
const SERVER_ADDRESS = '169.254.169.254';
const RESOLV_CONF = '/etc/resolv.conf';

export function gcp(settings: GcpSettings, deps: GcpDeps): Cloud {
  return new Gcp(settings, deps);
}

class Gcp implements Cloud {
  readonly name = 'GCP';
  readonly #settings: GcpSettings;
  readonly #deps: GcpDeps;
  readonly #base: string;

  constructor(settings: GcpSettings, deps: GcpDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#base = settings.metadataHost === '' ? settings.endpoint : `http://${settings.metadataHost}`;
  }

  async detect(signal: AbortSignal): Promise<boolean> {
    const { metadata, metadataHost } = this.#settings;
    if (metadata !== '' || metadataHost !== '') return true;
    const found = new AbortController();
    const until = AbortSignal.any([signal, found.signal]);
    const hits = [this.#serverAnswers(until), this.#nameResolves(until)].map(async (question) => {
      const isThere = await question;
      if (isThere) found.abort();
      return isThere;
    });
    return (await Promise.all(hits)).includes(true);
  }

  async describe(signal: AbortSignal): Promise<Platform> {
    const { inKubernetes } = this.#settings;
    const [metadata, zone] = await Promise.all([this.#metadata(signal), this.#zone(signal)]);
    return {
      isKubernetes: inKubernetes || metadata.gcp_gke_cluster_name !== undefined,
      metadata,
      labels: {},
      locality: gcpLocality(zone),
    };
  }

  async #serverAnswers(signal: AbortSignal): Promise<boolean> {
    try {
      const question = { url: `${this.#base}/`, timeoutMs: TIMEOUT_MS };
      const { headers } = await askMetadataServer(question, this.#deps.clock, signal);
      return headers['metadata-flavor'] === 'Google';
    } catch (error) {
      this.#deps.log.debug(`no metadata server of Google Cloud: ${messageOf(error)}`);
      return false;
    }
  }

  async #nameResolves(signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.#deps.resolve4(SERVER_NAME, signal)).includes(SERVER_ADDRESS);
    } catch (error) {
      this.#deps.log.debug(`${SERVER_NAME} does not resolve: ${messageOf(error)}`);
      return false;
    }
  }

  async #metadata(signal: AbortSignal): Promise<Platform['metadata']> {
    if (this.#settings.metadata !== '') return givenMetadata(this.#settings);
    const get = async (path: string): Promise<string | undefined> => this.#lookup(path, TIMEOUT_MS, signal);
    const attribute = (name: string): Promise<string | undefined> => get(`instance/attributes/${name}`);
    const location = async (): Promise<string | undefined> =>
      (await attribute('cluster-location')) ?? this.#instanceZone(TIMEOUT_MS, signal);
    const pairs = Object.entries({
      gcp_project: get('project/project-id'),
      gcp_project_number: get('project/numeric-project-id'),
      gcp_location: location(),
      gcp_gke_cluster_name: attribute('cluster-name'),
      gcp_gce_instance: get('instance/name'),
      gcp_gce_instance_id: get('instance/id'),
      gcp_gce_instance_template: attribute('instance-template'),
      gcp_gce_instance_created_by: attribute('created-by'),
    });
    const known = await Promise.all(pairs.map(async ([key, value]) => [key, await value] as const));
    return withClusterUrl(Object.fromEntries(known));
  }

  async #zone(signal: AbortSignal): Promise<string> {
    const { zone, metadata } = this.#settings;
    const known = zone || zoneOfResolvConf(await this.#resolvConf());
    if (known !== '' || metadata !== '') return known;
    const found = await this.#instanceZone(ZONE_TIMEOUT_MS, signal);
    if (found === undefined) this.#deps.log.warn('the zone in Google Cloud is not known');
    return found ?? '';
  }

  async #resolvConf(): Promise<string> {
    try {
      return (await this.#deps.readText(RESOLV_CONF)) ?? '';
    } catch (error) {
      this.#deps.log.debug(`cannot read ${RESOLV_CONF}: ${messageOf(error)}`);
      return '';
    }
  }

  async #instanceZone(timeoutMs: number, signal: AbortSignal): Promise<string | undefined> {
    const resource = await this.#lookup('instance/zone', timeoutMs, signal);
    return resource && zoneName(resource);
  }

  /** Undefined when the server has no such value, which is common for attributes. */
  async #lookup(path: string, timeoutMs: number, signal: AbortSignal): Promise<string | undefined> {
    try {
      const url = `${this.#base}/computeMetadata/v1/${path}`;
      return await metadataText({ url, headers: HEADERS, timeoutMs }, this.#deps.clock, signal);
    } catch (error) {
      this.#deps.log.debug(`error fetching GCP metadata ${path}: ${messageOf(error)}`);
      return undefined;
    }
  }
}
