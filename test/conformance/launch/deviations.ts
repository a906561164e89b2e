// What this project wants where the recorded behaviour is not wanted here. A deviation is told by its kind, which
// shows in the case; everything the kind does not touch still counts. One of no kind listed here only says that a
// value is written another way, which the comparison sees through.

import { isJsonObject, parseJson, type Json, type JsonObject } from '../../../src/runtime/json.ts';
import type { AgentStart, LaunchExpectation } from './launch-case.ts';

/** `any` where the record tells nothing: Envoy is started with some bootstrap of the recorded node. */
export interface WantedLaunch extends Omit<LaunchExpectation, 'envoyArgv' | 'bootstrap'> {
  readonly envoyArgv: LaunchExpectation['envoyArgv'] | 'any';
  readonly bootstrap: JsonObject | null | 'any';
}

interface DeviationKind {
  readonly isRecorded: (item: AgentStart) => boolean;
  readonly wanted: (expected: LaunchExpectation) => WantedLaunch;
}

/** By what the reference does. */
const KINDS: Readonly<Record<string, DeviationKind>> = {
  /** There is no Go here to render one; left unrendered it would be no bootstrap. */
  'renders a Go template': {
    isRecorded: hasGoTemplate,
    wanted: (expected) => ({
      ...expected,
      exitCode: 255,
      envoyArgv: null,
      bootstrap: null,
      stderrContains: ['is a Go template', 'json-e', 'customConfigFile', 'ISTIO_BOOTSTRAP_OVERRIDE'],
    }),
  },
  /** A Go program ends with 2 after a panic. The same input starts Envoy here. */
  crashes: {
    isRecorded: ({ deviation, expected }) => deviation !== undefined && expected.exitCode === 2,
    wanted: (expected) => ({
      ...expected,
      exitCode: 0,
      envoyArgv: 'any',
      bootstrap: 'any',
      stderrContains: [],
    }),
  },
  /** An Envoy that is missing or cannot be run is a start failure here, which its exit tells. */
  'ends well without having started Envoy': {
    isRecorded: ({ deviation, expected: { exitCode, envoyArgv, stoppedWith } }) =>
      deviation !== undefined && exitCode === 0 && envoyArgv === null && stoppedWith === undefined,
    wanted: (expected) => ({ ...expected, exitCode: 255 }),
  },
  /** It splices text. What it means is plain when a comma too many is all that is wrong. */
  'writes a bootstrap that is not JSON': {
    isRecorded: ({ deviation, expected }) => deviation !== undefined && expected.bootstrapText !== undefined,
    wanted: (expected) => {
      const repaired = parseJson(withoutTrailingCommas(expected.bootstrapText ?? ''));
      if (!isJsonObject(repaired)) return { ...expected, bootstrap: 'any' };
      return { ...expected, bootstrap: withVersionOf(repaired, expected.grpcBootstrap) };
    },
  },
};

export function wantedLaunch(item: AgentStart): WantedLaunch {
  const kind = Object.values(KINDS).find(({ isRecorded }) => isRecorded(item));
  return kind?.wanted(item.expected) ?? item.expected;
}

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
