// The template a bootstrap is rendered from: the built-in one, or a user's file in the same language (JSON or YAML
// with json-e). Upstream's templates are Go text templates; those are refused, never half rendered.

import { readFile } from 'node:fs/promises';

import { parseYaml } from '../config/yaml/yaml.ts';
import { ConfigError, messageOf } from '../runtime/errors.ts';
import type { Json } from '../runtime/json.ts';
import type { BootstrapSource } from './bootstrap-source.ts';

export type TemplateSource = Exclude<BootstrapSource, { readonly kind: 'custom' }>;

export interface Template {
  /** For messages. */
  readonly path: string;
  readonly body: Json;
}

/** @throws ConfigError naming the file: unreadable, neither JSON nor YAML, or a Go template */
export async function loadTemplate(source: TemplateSource): Promise<Template> {
  if (source.kind === 'built-in') return builtInTemplate();
  const { path } = source;
  const text = await readNamed('bootstrap template', path);
  if (isGoTemplate(text)) throw goTemplateError(path);
  return { path, body: parse(path, text) };
}

/**
 * A configuration file that goes to Envoy as it is may hold anything Envoy reads; only a Go template gets an answer
 * that helps more than Envoy's.
 *
 * @throws ConfigError
 */
export async function checkCustomConfig(path: string): Promise<void> {
  const text = await readNamed('customConfigFile', path);
  if (!isGoTemplate(text)) return;
  const { parseDocument } = await import('yaml');
  // Between braces `{{ .name }}` reads as a map that is a key, which no configuration has.
  const [error] = parseDocument(text, { stringKeys: true, prettyErrors: false }).errors;
  if (error !== undefined) throw goTemplateError(path, error);
}

/** Part of the program, so the image's file system need not match upstream's. */
async function builtInTemplate(): Promise<Template> {
  const { default: body } = await import('#templates/envoy-bootstrap.json', { with: { type: 'json' } });
  return { path: 'envoy-bootstrap.json', body };
}

async function readNamed(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read ${what} ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function parse(path: string, text: string): Json {
  try {
    return parseYaml(text).value; // JSON is YAML
  } catch (error) {
    throw new ConfigError(`bootstrap template ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function isGoTemplate(text: string): boolean {
  return text.includes('{{');
}

function goTemplateError(path: string, cause?: unknown): ConfigError {
  return new ConfigError(
    `${path} is a Go template, which this agent does not render: rewrite it in json-e, or pass the rendered file as ` +
      'customConfigFile, or put the difference into ISTIO_BOOTSTRAP_OVERRIDE',
    { cause },
  );
}
