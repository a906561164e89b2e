// A mistake that no run of Envoy refuses: load reporting without anybody to report to. Such an Envoy ends with code 0
// while it starts, and in a handoff takes the one that serves along.

import { extname } from 'node:path';

import { parseYaml } from '../../config/yaml/yaml.ts';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../../runtime/json.ts';
import type { BootstrapFile } from '../process/arguments.ts';

/**
 * @param readText gives the content of a file
 * @returns what is wrong, for people; undefined when nothing is, or the file is one that cannot be read here
 */
export async function loadReportingFault(
  { path, override }: BootstrapFile,
  readText: (path: string) => Promise<string>,
): Promise<string | undefined> {
  const documents = [await parsed(path, readText), parseJson(override ?? '')];
  const configs = documents.flatMap(loadStatsConfig); // Envoy merges them
  if (configs.length === 0) return undefined;
  const has = (...names: string[]): boolean =>
    configs.some((config) => names.some((name) => isSet(config[name])));
  if (has('grpc_services', 'grpcServices', 'cluster_names', 'clusterNames')) return undefined;
  return 'load_stats_config has neither grpc_services nor cluster_names: Envoy would end while it starts';
}

/** The formats of protobuf are left to Envoy. */
async function parsed(path: string, readText: (path: string) => Promise<string>): Promise<Json | undefined> {
  try {
    if (extname(path) === '.json') return parseJson(await readText(path));
    return extname(path) === '.yaml' ? parseYaml(await readText(path)).value : undefined;
  } catch {
    return undefined; // the run of Envoy that follows says what is wrong with it
  }
}

function loadStatsConfig(document: Json | undefined): JsonObject[] {
  const manager = member(document, 'cluster_manager', 'clusterManager');
  const config = member(manager, 'load_stats_config', 'loadStatsConfig');
  return isJsonObject(config) ? [config] : [];
}

function member(value: Json | undefined, ...names: readonly string[]): Json | undefined {
  if (!isJsonObject(value)) return undefined;
  return names.map((name) => value[name]).find((found) => found !== undefined);
}

function isSet(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length > 0;
}
