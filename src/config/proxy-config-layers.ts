// The layers of ProxyConfig: built-in defaults, the mesh file, PROXY_CONFIG, the pod annotation. Each is read from
// text and laid over the ones before; for every field the layer it came from is kept.
// Upstream: pilot/cmd/pilot-agent/config/config.go ConstructProxyConfig, getMeshConfig.

import { ConfigError, messageOf } from '../runtime/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';
import { mergeProxyConfig } from './merge.ts';
import { info, warning, type Notice } from './notices.ts';
import { readMessage, type Path } from './proto-json.ts';
import { agentOnlyFields, builtInProxyConfig, proxyConfigFields } from './proxy-config-fields.ts';
import { parseYaml, type YamlValue } from './yaml.ts';

export type LayerName = 'default' | 'file' | 'environment' | 'annotation';

export interface LayerTexts {
  /** Content of the mesh file; only its `defaultConfig` counts. */
  readonly file: string | undefined;
  /** PROXY_CONFIG. */
  readonly environment: string;
  /** Annotation `proxy.istio.io/config`. */
  readonly annotation: string;
}

export interface LayeredProxyConfig {
  /** Canonical form, zero values kept. */
  readonly config: JsonObject;
  /** For each field the last layer that named it. */
  readonly origins: Readonly<Record<string, LayerName>>;
  readonly notices: readonly Notice[];
}

const FIELDS = { ...proxyConfigFields, ...agentOnlyFields };

/** @throws ConfigError `failed to unmarshal mesh config from file|environment|annotation [<text>]: …` */
export function layerProxyConfig(texts: LayerTexts): LayeredProxyConfig {
  const notices: Notice[] = [];
  let config = builtInProxyConfig;
  const origins: Record<string, LayerName> = {};
  for (const name of Object.keys(config)) origins[name] = 'default';
  for (const [layer, text, title] of [
    ['file', texts.file ?? '', 'mesh config from file'],
    ['environment', texts.environment, 'proxy config from env'],
    ['annotation', texts.annotation, 'proxy config from annotation'],
  ] as const) {
    if (text === '') continue;
    notices.push(info(`Apply ${title} ${masked(text)}`));
    const read = readLayer(layer, text, notices);
    config = mergeProxyConfig(config, read);
    for (const name of Object.keys(read)) origins[name] = layer;
  }
  return { config, origins, notices };
}

function readLayer(layer: LayerName, text: string, notices: Notice[]): JsonObject {
  try {
    const yaml = parseYaml(text);
    for (const problem of yaml.warnings) notices.push(warning(`${titles[layer]}: ${problem}`));
    return layer === 'file'
      ? readMeshFile(yaml, notices)
      : readProxyConfig(yaml, yaml.value, [], layer, notices);
  } catch (error) {
    const stage = layer === 'file' ? '' : 'could not parse proxy config: ';
    throw new ConfigError(
      `failed to unmarshal mesh config from ${layer} [${onOneLine(masked(text))}]: ${stage}${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** How warnings name a layer. */
const titles: Readonly<Record<LayerName, string>> = {
  default: 'built-in defaults',
  file: 'mesh file',
  environment: 'PROXY_CONFIG',
  annotation: 'annotation proxy.istio.io/config',
};

function readMeshFile(yaml: YamlValue, notices: Notice[]): JsonObject {
  if (yaml.value === null) return {};
  if (!isJsonObject(yaml.value)) throw new ConfigError('a mesh config is an object of fields');
  const name = 'defaultConfig' in yaml.value ? 'defaultConfig' : 'default_config';
  return readProxyConfig(yaml, yaml.value[name] ?? null, [name], 'file', notices);
}

function readProxyConfig(
  yaml: YamlValue,
  value: Json,
  path: Path,
  layer: LayerName,
  notices: Notice[],
): JsonObject {
  if (value === null) return {};
  return readMessage(FIELDS, value, path, {
    sourceAt: yaml.sourceAt,
    unknownField: (path) =>
      notices.push(warning(`${titles[layer]}: unknown field ${path.join('.')} is ignored`)),
  });
}

/** An error is one line, whatever it quotes; injectors end PROXY_CONFIG with a newline. */
function onOneLine(text: string): string {
  return text.trim().replaceAll(/\r?\n/g, '\\n');
}

/** Tracing tokens are the one secret a ProxyConfig may hold. */
function masked(text: string): string {
  return text.replaceAll(/(access_?token["']?\s*:\s*)("[^"]*"|'[^']*'|[^\s,}]+)/gi, '$1***');
}
