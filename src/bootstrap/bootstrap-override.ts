// The user's addition to the bootstrap, which Envoy itself merges: the file of ISTIO_BOOTSTRAP_OVERRIDE as the value
// of --config-yaml. Upstream: pkg/envoy/proxy.go readBootstrapToJSON.

import { readFile } from 'node:fs/promises';

import { parseYaml } from '../config/yaml/yaml.ts';
import type { Warn } from '../node/raw-metadata.ts';
import { ConfigError, messageOf } from '../runtime/errors.ts';
import { isJsonObject, sortedObject } from '../runtime/json.ts';

/** Linux's limit for one argument of a process, MAX_ARG_STRLEN, with its closing zero. */
const MAX_ARGUMENT_BYTES = 128 * 1024 - 1;

/**
 * @param path empty: there is none
 * @param hostIp variable HOST_IP, put in for `$(HOST_IP)`
 * @returns JSON on one line, keys in byte order; undefined when there is none or, after a warning, when it cannot be read
 * @throws ConfigError when it is longer than an argument may be: without it, Envoy would not be the one asked for
 */
export async function readBootstrapOverride(
  path: string,
  hostIp: string,
  warn: Warn,
): Promise<string | undefined> {
  if (path === '') return undefined;
  const json = await readAsJson(path, hostIp, warn);
  if (json === undefined || Buffer.byteLength(json) <= MAX_ARGUMENT_BYTES) return json;
  throw new ConfigError(
    `bootstrap override ${path} is ${Buffer.byteLength(json)} bytes of JSON; Linux passes ${MAX_ARGUMENT_BYTES} as an ` +
      'argument: shorten it, or use a bootstrap template (ISTIO_BOOTSTRAP)',
  );
}

async function readAsJson(path: string, hostIp: string, warn: Warn): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    if (hostIp === '' && text.includes('$(HOST_IP)')) warn(`${path} asks for HOST_IP, which is not set`);
    const { value } = parseYaml(withHostIp(text, hostIp), { exactIntegers: true });
    if (isJsonObject(value)) return JSON.stringify(sortedObject(value));
    warn(`Failed to read bootstrap override: ${path} does not hold an object`);
  } catch (error) {
    warn(`Failed to read bootstrap override: ${path}: ${messageOf(error)}`);
  }
  return undefined;
}

/** An IPv6 address gets brackets, unless the text has them already. */
function withHostIp(text: string, hostIp: string): string {
  if (!hostIp.includes(':')) return text.replaceAll('$(HOST_IP)', () => hostIp);
  return text.replaceAll(/\[\$\(HOST_IP\)\]|\$\(HOST_IP\)/g, () => `[${hostIp}]`);
}
