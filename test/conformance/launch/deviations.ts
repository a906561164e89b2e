// What this project wants where the recorded behaviour is not wanted here. A deviation is told by its kind, which
// shows in what was recorded; everything the kind does not touch still counts.

import { isJsonObject, parseJson, type Json, type JsonObject } from '../../../src/runtime/json.ts';
import type { AgentStart, LaunchExpectation } from './launch-case.ts';

/** `any` where the record tells nothing: Envoy is started with some bootstrap of the recorded node. */
export interface WantedLaunch extends Omit<LaunchExpectation, 'envoyArgv' | 'bootstrap'> {
  readonly envoyArgv: LaunchExpectation['envoyArgv'] | 'any';
  readonly bootstrap: JsonObject | null | 'any';
  /** One top-level member of each document may differ: which one deviates is not known. */
  readonly hasOpenMember?: boolean;
}

interface DeviationKind {
  readonly isRecorded: (expected: LaunchExpectation) => boolean;
  readonly wanted: (expected: LaunchExpectation) => WantedLaunch;
}

/** By what the reference does. */
const KINDS: Readonly<Record<string, DeviationKind>> = {
  /** A Go program ends with 2 after a panic. The same input starts Envoy here. */
  crashes: {
    isRecorded: ({ exitCode }) => exitCode === 2,
    wanted: (expected) => ({
      ...expected,
      exitCode: 0,
      envoyArgv: 'any',
      bootstrap: 'any',
      stderrContains: [],
    }),
  },
  /** A start that fails ends with one code here, whoever found out. */
  'fails with a fatal log line': {
    isRecorded: ({ exitCode }) => exitCode === 1,
    wanted: (expected) => ({ ...expected, exitCode: 255 }),
  },
  /** An Envoy that is missing or cannot be run is a start failure here, which its exit tells. */
  'ends well without having started Envoy': {
    isRecorded: ({ exitCode, envoyArgv, stoppedWith }) =>
      exitCode === 0 && envoyArgv === null && stoppedWith === undefined,
    wanted: (expected) => ({ ...expected, exitCode: 255 }),
  },
  /** It splices text. What it means is plain when a comma too many is all that is wrong. */
  'writes a bootstrap that is not JSON': {
    isRecorded: ({ bootstrapText }) => bootstrapText !== undefined,
    wanted: (expected) => {
      const repaired = parseJson(withoutTrailingCommas(expected.bootstrapText ?? ''));
      if (!isJsonObject(repaired)) return { ...expected, bootstrap: 'any' };
      return { ...expected, bootstrap: withVersionOf(repaired, expected.grpcBootstrap) };
    },
  },
  /** Durations as Go prints them, wrapped numbers as objects: the comparison sees through both. */
  'writes values in a way that Envoy does not read': {
    isRecorded: ({ bootstrap }) =>
      /_interval":"\d+(?:m\d|ms)|"keepalive_\w+":\{"value"/.test(JSON.stringify(bootstrap)),
    wanted: (expected) => expected,
  },
};

export function wantedLaunch(item: AgentStart): WantedLaunch {
  const { expected } = item;
  if (hasGoTemplate(item)) return { ...expected, ...GO_TEMPLATE_REFUSED };
  if (item.deviation === undefined) return expected;
  const kind = Object.values(KINDS).find(({ isRecorded }) => isRecorded(expected));
  return kind?.wanted(expected) ?? { ...expected, hasOpenMember: true };
}

/** The reference renders one; there is no Go here to do so, and left unrendered it would be no bootstrap. */
const GO_TEMPLATE_REFUSED = {
  exitCode: 255,
  envoyArgv: null,
  bootstrap: null,
  stderrContains: ['is a Go template', 'json-e', 'customConfigFile', 'ISTIO_BOOTSTRAP_OVERRIDE'],
};

/** A field, as in `{{ .nodeID }}` and `{{- if .zipkin }}`: braces alone may be an annotation's. */
const GO_FIELD = /\{\{-?\s*(?:\w+\s+)?\.\w/;

function hasGoTemplate({ args, env, files }: AgentStart): boolean {
  const settings = JSON.stringify([args, env, files]);
  if (settings.includes('customConfigFile')) return false; // goes to Envoy as it is
  return Object.values(files).some((content) => content !== null && GO_FIELD.test(content));
}

function withoutTrailingCommas(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, (found) => (found === ',' ? '' : found));
}

/** In a text the version stands as it was; the gRPC bootstrap tells whether it is open. */
function withVersionOf(document: JsonObject, other: JsonObject | undefined): JsonObject {
  const version = nodeMetadata(other ?? null)?.['ISTIO_VERSION'];
  const { node } = document;
  if (version === undefined || !isJsonObject(node)) return document;
  const metadata = { ...nodeMetadata(document), ISTIO_VERSION: version };
  return { ...document, node: { ...node, metadata } };
}

export function nodeMetadata(document: Json): JsonObject | undefined {
  const node = isJsonObject(document) ? document['node'] : undefined;
  const metadata = isJsonObject(node) ? node['metadata'] : undefined;
  return isJsonObject(metadata) ? metadata : undefined;
}
