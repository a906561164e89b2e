// Microsoft Azure: told from the firmware's vendor, described by the instance metadata service.
// Upstream: istio 1.31 pkg/bootstrap/platform/azure.go.

import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import {
  isJsonObject,
  parseJson,
  textOf,
  type Json,
  type JsonObject,
  type TextMap,
} from '../../runtime/json.ts';
import type { Log } from '../../runtime/log.ts';
import { askMetadataServer, type MetadataReply } from './metadata-server.ts';
import { withoutBlanks, type Cloud, type Platform } from './platform.ts';

export interface AzureSettings {
  /** Where the service is: `http://` and an address. */
  readonly endpoint: string;
}

export interface AzureDeps {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  /** The file's text, or undefined when there is none. */
  readonly readText: (path: string) => Promise<string | undefined>;
}

const VENDOR_FILE = '/sys/class/dmi/id/sys_vendor';
const VENDOR = 'Microsoft Corporation';
const TIMEOUT_MS = 5000;
const OLDEST_VERSION = '2019-08-15';

export function azure({ endpoint }: AzureSettings, { clock, log, readText }: AzureDeps): Cloud {
  const ask = async (query: string, signal: AbortSignal): Promise<MetadataReply | undefined> => {
    const url = `${endpoint}/metadata/instance${query}`;
    try {
      const headers = { Metadata: 'True' };
      return await askMetadataServer({ url, headers, timeoutMs: TIMEOUT_MS }, clock, signal);
    } catch (error) {
      log.warn(`the Azure metadata service does not answer: ${messageOf(error)}`);
      return undefined;
    }
  };
  return {
    name: 'Azure',
    detect: async () => {
      try {
        return ((await readText(VENDOR_FILE)) ?? '').includes(VENDOR);
      } catch (error) {
        log.debug(`cannot read ${VENDOR_FILE}: ${messageOf(error)}`);
        return false;
      }
    },
    describe: async (signal) => {
      // the versions come with status 400: a request without one is a mistake, and the reply says what to ask for
      const versions = await ask('', signal);
      const reply = await ask(
        `?api-version=${encodeURIComponent(newestVersion(versions?.body ?? ''))}`,
        signal,
      );
      if (reply !== undefined && reply.status !== 200) {
        log.warn(`the Azure metadata service answered with status ${reply.status}`);
      }
      return azurePlatform(reply?.body ?? '');
    },
  };
}

/** The newest version that the reply without a version offers, but never one older than what is known to work. */
export function newestVersion(body: string): string {
  const document = parseJson(body);
  const offered = isJsonObject(document) ? document['newest-versions'] : undefined;
  if (!Array.isArray(offered)) return OLDEST_VERSION;
  return offered.reduce<string>(
    (newest, version) => (typeof version === 'string' && version > newest ? version : newest),
    OLDEST_VERSION,
  );
}

/** @param body of `/metadata/instance`; anything else says nothing */
export function azurePlatform(body: string): Platform {
  const document = parseJson(body);
  const compute = isJsonObject(document) && isJsonObject(document.compute) ? document.compute : {};
  const location = textOf(compute.location);
  const facts = withoutBlanks({
    azure_name: textOf(compute.name),
    azure_location: location,
    azure_vmId: textOf(compute.vmId),
  });
  return {
    isKubernetes: true,
    metadata: { ...facts, ...tagsOf(compute) },
    labels: {},
    locality: withoutBlanks({ region: location, zone: textOf(compute.zone) }),
  };
}

/** Newer versions have a list, in which texts may hold any character; older ones `key:value;key:value`. */
function tagsOf({ tagsList, tags }: JsonObject): TextMap {
  const pairs = Array.isArray(tagsList) ? tagsList.map(listedTag) : textOf(tags).split(';').map(writtenTag);
  const named = pairs.filter(([name]) => name !== '');
  return Object.fromEntries(named.map(([name, value]) => [`azure_${name}`, value]));
}

function listedTag(tag: Json): readonly [name: string, value: string] {
  return isJsonObject(tag) ? [textOf(tag.name), textOf(tag.value)] : ['', ''];
}

function writtenTag(tag: string): readonly [name: string, value: string] {
  const colon = tag.indexOf(':');
  return colon < 0 ? [tag, ''] : [tag.slice(0, colon), tag.slice(colon + 1)];
}
