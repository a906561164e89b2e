// Node and configuration in, Envoy's bootstrap out: the template in bootstrap-templates/ filled with the parameters
// of parameters.ts. The same input gives the same bytes. Writing the file is in bootstrap-file.ts.
// Upstream: pkg/bootstrap/instance.go, tools/packaging/common/envoy_bootstrap.json.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { JsonObject } from '../node/json.ts';
import type { Warn } from '../node/raw-metadata.ts';
import { templateParameters, type BootstrapInput } from './parameters.ts';

/** envoy.config.bootstrap.v3.Bootstrap in protobuf JSON, members in the template's order. */
export type BootstrapDocument = JsonObject;

/**
 * @param warn is told what is ignored
 * @throws ConfigError for configuration that Envoy would refuse
 */
export async function renderBootstrap(input: BootstrapInput, warn: Warn): Promise<BootstrapDocument> {
  const parameters = templateParameters(input, warn);
  const { default: render } = await import('json-e');
  return render(await builtInTemplate(), parameters) as BootstrapDocument;
}

/** Strict JSON whatever the values hold, ended by a newline. */
export function serializeBootstrap(document: BootstrapDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

async function builtInTemplate(): Promise<JsonObject> {
  const path = fileURLToPath(import.meta.resolve('#templates/envoy-bootstrap.json'));
  return JSON.parse(await readFile(path, 'utf8')) as JsonObject;
}
