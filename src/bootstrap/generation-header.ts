// What tells the Envoys of a hot-restart line apart when they ask for their configuration: a number in the metadata
// of the ADS stream. It is the only part of a bootstrap that differs between two Envoys of the same configuration.

import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';
import type { BootstrapDocument } from './bootstrap.ts';

/**
 * The bootstrap for an Envoy that is not the first; without ADS over gRPC as it is.
 *
 * @param generation 0: no header, the document is the reference's
 */
export function withGeneration(document: BootstrapDocument, generation: number): BootstrapDocument {
  if (generation === 0) return document;
  const resources = member(document, 'dynamic_resources');
  const ads = member(resources, 'ads_config');
  const { grpc_services: services } = ads;
  if (!Array.isArray(services)) return document;
  const [first, ...others] = services as Json[];
  if (!isJsonObject(first)) return document;
  const grpcServices = [numbered(first, generation), ...others];
  return {
    ...document,
    dynamic_resources: { ...resources, ads_config: { ...ads, grpc_services: grpcServices } },
  };
}

function numbered(service: JsonObject, generation: number): JsonObject {
  const { initial_metadata: metadata, ...rest } = service;
  const others = Array.isArray(metadata) ? (metadata as Json[]) : []; // of a user's template
  return { ...rest, initial_metadata: [...others, { key: 'x-agent-generation', value: String(generation) }] };
}

function member(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isJsonObject(value) ? value : {};
}
