// Node and configuration in, Envoy's bootstrap out: a template filled with the parameters of parameters.ts. The
// same input gives the same bytes. Writing the file is in bootstrap-file.ts.
// Upstream: pkg/bootstrap/instance.go, tools/packaging/common/envoy_bootstrap.json.

import type { Warn } from '../node/raw-metadata.ts';
import { ConfigError, messageOf } from '../runtime/errors.ts';
import { isDeeperThan, isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';
import { checkLimits, MAX_NESTING } from './envoy-limits.ts';
import { templateParameters, type BootstrapInput } from './parameters.ts';
import { loadTemplate, type Template, type TemplateSource } from './template.ts';

/** envoy.config.bootstrap.v3.Bootstrap in protobuf JSON, members in the template's order. */
export type BootstrapDocument = JsonObject;

/**
 * @param warn is told what is ignored
 * @param source a user's template instead of the built-in one
 * @throws ConfigError for configuration that Envoy would refuse, and for a template that cannot be rendered
 */
export async function renderBootstrap(
  input: BootstrapInput,
  warn: Warn,
  source: TemplateSource = { kind: 'built-in' },
): Promise<BootstrapDocument> {
  if (source.kind === 'built-in') checkLimits(input.node, input.proxyConfig);
  const parameters = await templateParameters(input, warn);
  const template = await loadTemplate(source);
  const document = await renderTemplate(template, parameters);
  if (!isJsonObject(document)) {
    throw new ConfigError(`bootstrap template ${template.path} does not give an object`);
  }
  if (isDeeperThan(document, MAX_NESTING)) {
    throw new ConfigError(`bootstrap template ${template.path} gives more than ${MAX_NESTING} nested levels`);
  }
  return document;
}

/** Strict JSON whatever the values hold, ended by a newline. */
export function serializeBootstrap(document: BootstrapDocument): string {
  const text = JSON.stringify(document, null, 2);
  // An escape of half a character, which Envoy refuses; other texts with these letters come out as they were.
  const wellFormed = text.includes('\\ud') ? JSON.stringify(withWholeCharacters(document), null, 2) : text;
  return `${wellFormed}\n`;
}

/** Half a character of UTF-16 has no UTF-8: it becomes U+FFFD, as in Go. */
function withWholeCharacters(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(withWholeCharacters);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.toWellFormed(), withWholeCharacters(item)]),
  );
}

async function renderTemplate({ path, body }: Template, parameters: JsonObject): Promise<Json> {
  const { default: render } = await import('json-e');
  try {
    return render(body as JsonObject, parameters) as Json;
  } catch (error) {
    throw new ConfigError(`bootstrap template ${path}: ${messageOf(error)}`, { cause: error });
  }
}
