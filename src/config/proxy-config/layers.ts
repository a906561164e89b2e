// The layers of ProxyConfig: built-in defaults, the mesh file, PROXY_CONFIG, the pod annotation. Each is read from
// text and laid over the ones before; for every field the layer it came from is kept.
// Upstream: pilot/cmd/pilot-agent/config/config.go ConstructProxyConfig, getMeshConfig.

import { ConfigError, messageOf } from '../../runtime/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../runtime/json.ts';
import { excerpt } from '../../runtime/excerpt.ts';
import type { IgnoredInput } from '../ignored.ts';
import { mergeProxyConfig } from './merge.ts';
import { info, warning, type Notice } from '../notices.ts';
import type { Path } from './proto-field.ts';
import { readMessage } from './proto-json.ts';
import { agentOnlyFields, builtInProxyConfig, proxyConfigFields } from './fields.ts';
import { maskText } from '../secrets.ts';
import { maskShapes } from '../../runtime/redaction.ts';
import { parseYaml } from '../yaml/yaml.ts';

export interface LayerTexts {
  /** Content of the mesh file; only its `defaultConfig` counts. */
  readonly file: string | undefined;
  /** PROXY_CONFIG. */
  readonly environment: string;
  /** Annotation `proxy.istio.io/config`. */
  readonly annotation: string;
}

/**
 * For each field the last input that named it, as its user knows it (`PROXY_CONFIG`); `default` when nobody did.
 * Entries `proxyMetadata.KEY` and `proxyHeaders.member` tell what was merged into these two.
 */
export type Origins = Readonly<Record<string, string>>;

export interface LayeredProxyConfig {
  /** Canonical form, zero values kept. */
  readonly config: JsonObject;
  readonly origins: Origins;
  readonly notices: readonly Notice[];
  readonly ignored: readonly IgnoredInput[];
}

interface Layer {
  /** For its user. */
  readonly origin: string;
  /** In the log. */
  readonly title: string;
}

/** The later wins. */
const LAYERS: Readonly<Record<keyof LayerTexts, Layer>> = {
  file: { origin: 'mesh file', title: 'mesh config from file' },
  environment: { origin: 'PROXY_CONFIG', title: 'proxy config from env' },
  annotation: { origin: 'annotation proxy.istio.io/config', title: 'proxy config from annotation' },
};

const FIELDS = { ...proxyConfigFields, ...agentOnlyFields };

/** @throws ConfigError `failed to unmarshal mesh config from file|environment|annotation [<text>]: …` */
export function layerProxyConfig(texts: LayerTexts): LayeredProxyConfig {
  const notices: Notice[] = [];
  const ignored: IgnoredInput[] = [];
  let config = builtInProxyConfig;
  const origins = new Map(Object.keys(config).map((name) => [name, 'default']));
  for (const key of ['file', 'environment', 'annotation'] as const) {
    const [text, layer] = [texts[key] ?? '', LAYERS[key]];
    if (text === '') continue;
    notices.push(info(`Apply ${layer.title} ${maskText(text)}`));
    const read = readLayer(key, text, notices, ignored);
    config = mergeProxyConfig(config, read);
    for (const name of namesIn(read)) origins.set(name, layer.origin);
  }
  return { config, origins: Object.fromEntries(origins), notices, ignored };
}

function readLayer(
  key: keyof LayerTexts,
  text: string,
  notices: Notice[],
  ignored: IgnoredInput[],
): JsonObject {
  const { origin } = LAYERS[key];
  try {
    const yaml = parseYaml(text);
    for (const problem of yaml.warnings) notices.push(warning(`${origin}: ${problem}`));
    const { value, path } = key === 'file' ? defaultConfig(yaml.value) : { value: yaml.value, path: [] };
    if (value === null) return {};
    return readMessage(FIELDS, value, path, {
      placeOf: yaml.placeOf,
      unknownField: (path) => ignored.push({ kind: 'field', text: `${path.join('.')} (${origin})` }),
    });
  } catch (error) {
    const failed = `failed to unmarshal mesh config from ${key} [${excerpt(onOneLine(maskText(text)))}]`;
    const stage = key === 'file' ? '' : 'could not parse proxy config: ';
    throw new ConfigError(`${failed}: ${stage}${maskShapes(messageOf(error))}`, { cause: error });
  }
}

/** The part of a mesh config that counts, and where it stands. */
function defaultConfig(value: Json): { value: Json; path: Path } {
  if (value === null) return { value, path: [] };
  if (!isJsonObject(value)) throw new ConfigError('a mesh config is an object of fields');
  const name = Object.hasOwn(value, 'defaultConfig') ? 'defaultConfig' : 'default_config';
  return { value: (Object.hasOwn(value, name) ? value[name] : null) ?? null, path: [name] };
}

/** The fields of a layer, and the members of the two that are merged member by member. */
function namesIn(layer: JsonObject): string[] {
  const members = ['proxyMetadata', 'proxyHeaders'].flatMap((name) => {
    const value = layer[name];
    return isJsonObject(value) ? Object.keys(value).map((member) => `${name}.${member}`) : [];
  });
  return [...Object.keys(layer), ...members];
}

/** An error is one line, whatever it quotes; injectors end PROXY_CONFIG with a newline. */
function onOneLine(text: string): string {
  return text.trim().replaceAll(/\r?\n/g, '\\n');
}
