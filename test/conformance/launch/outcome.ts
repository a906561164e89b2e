// What came of a start and what should, as two plain values that are equal exactly when the case passes: the
// directory and what is this project's own taken out, JSON in one spelling.

import { isDeepStrictEqual } from 'node:util';

import { parse } from 'yaml';

import { isJsonObject, parseJson, type Json, type JsonObject } from '../../../src/runtime/json.ts';
import { comparable } from '../bootstrap/comparison.ts';
import type { AgentRun } from './agent-start.ts';
import { nodeMetadata, type WantedLaunch } from './deviations.ts';

export interface Outcome {
  readonly exit: number | string;
  readonly envoyArgv: readonly string[] | 'any' | null;
  readonly configYaml: Json;
  readonly bootstrap: Json;
  readonly grpcBootstrap: Json;
  readonly lightstepToken: string | null;
  readonly envoyUserGroup: string | null;
  readonly envoyEnvAdded: Readonly<Record<string, string>>;
  /** Texts of the agent's output. */
  readonly texts: readonly string[];
}

export function wantedOutcome(wanted: WantedLaunch): Outcome {
  return {
    exit: wanted.exitCode,
    envoyArgv: wanted.envoyArgv,
    configYaml: wanted.configYaml ?? null,
    bootstrap: comparable(wanted.bootstrap),
    grpcBootstrap: comparable(wanted.grpcBootstrap ?? null),
    lightstepToken: wanted.lightstepToken ?? null,
    envoyUserGroup: wanted.envoyUserGroup ?? null,
    envoyEnvAdded: wanted.envoyEnvAdded ?? {},
    texts: textsOf(wanted),
  };
}

/** @param wanted says which words, texts and members may be anything */
export function actualOutcome(run: AgentRun, wanted: WantedLaunch): Outcome {
  const portable = (text: string): string => text.replaceAll(run.directory, '${DIR}');
  const document = (text: string | undefined): Json =>
    text === undefined ? null : jsonOrText(portable(text));
  const { argv, configYaml } = splitConfigYaml(run.envoy?.argv.map(portable) ?? null);
  const ownUser = `${process.getuid?.()}:${process.getgid?.()}`;
  return {
    exit: run.exit,
    envoyArgv: argv !== null && wanted.envoyArgv === 'any' ? 'any' : argv,
    configYaml,
    bootstrap: bootstrapBeside(bootstrapOf(run, portable), wanted),
    grpcBootstrap: documentBeside(document(run.grpcBootstrap), wanted.grpcBootstrap ?? null, wanted),
    lightstepToken: run.envoy?.lightstepToken ?? null,
    envoyUserGroup: run.envoy === undefined || run.envoy.userGroup === ownUser ? null : run.envoy.userGroup,
    envoyEnvAdded: addedVariables(run),
    texts: foundTexts(portable(`${run.stderr}\n${run.stdout}`), textsOf(wanted)),
  };
}

function textsOf({ stderrContains = [], logContains = [] }: WantedLaunch): readonly string[] {
  return [...stderrContains, ...logContains];
}

const OUTPUT_LINES = 6;

/** Those of `texts` that are there; when some are missing, the last lines of the output as well. */
function foundTexts(output: string, texts: readonly string[]): readonly string[] {
  const found = texts.filter((text) => output.includes(text));
  if (found.length === texts.length) return found;
  return [...found, ...output.split('\n').slice(-OUTPUT_LINES)];
}

/** Envoy picks its parser by the extension, which is that of a user's template. */
function bootstrapOf({ envoy }: AgentRun, portable: (text: string) => string): Json {
  if (envoy?.bootstrap === undefined) return null;
  const path = envoy.argv[envoy.argv.indexOf('-c') + 1] ?? '';
  const text = portable(envoy.bootstrap);
  return path.endsWith('.yaml') ? (parse(text) as Json) : jsonOrText(text);
}

function jsonOrText(text: string): Json {
  return parseJson(text) ?? `not JSON: ${text}`;
}

interface SplitArguments {
  readonly argv: readonly string[] | null;
  readonly configYaml: Json;
}

function splitConfigYaml(argv: readonly string[] | null): SplitArguments {
  const at = argv?.indexOf('--config-yaml') ?? -1;
  if (argv === null || at < 0) return { argv, configYaml: null };
  const configYaml = parse(argv[at + 1] ?? '') as Json;
  return { argv: argv.with(at + 1, '${CONFIG_YAML}'), configYaml };
}

function addedVariables({ env, envoy }: AgentRun): Readonly<Record<string, string>> {
  const added = Object.entries(envoy?.env ?? {}).filter(([name]) => !Object.hasOwn(env, name));
  return Object.fromEntries(added);
}

/** `any` for one of the wanted node, when that is all that is asked. */
function bootstrapBeside(document: Json, wanted: WantedLaunch): Json {
  if (wanted.bootstrap !== 'any') return documentBeside(document, wanted.bootstrap, wanted);
  const grpc = wanted.grpcBootstrap ?? null;
  // only the generator tells a gRPC application from an Envoy
  const { GENERATOR: _generator, ...node } = nodeMetadata(grpc) ?? {};
  return isDeepStrictEqual(nodeMetadata(withOwnFields(document, grpc)), node) ? 'any' : document;
}

/** As `expected` where it may be: open values, and one member of a deviation that is not known. */
function documentBeside(document: Json, expected: Json, { hasOpenMember = false }: WantedLaunch): Json {
  const actual = comparable(withOwnFields(document, expected));
  if (!hasOpenMember || !isJsonObject(actual) || !isJsonObject(expected)) return actual;
  const wanted = comparable(expected) as JsonObject;
  const names = [...new Set([...Object.keys(actual), ...Object.keys(wanted)])];
  const differing = names.filter((name) => !isDeepStrictEqual(actual[name], wanted[name]));
  return differing.length === 1 ? wanted : actual;
}

const ANY_VERSION = '${ISTIO_VERSION}';

/** The version as `expected` has it, where that leaves it open; no member of this project's own. */
function withOwnFields(document: Json, expected: Json): Json {
  const metadata = nodeMetadata(document);
  if (!isJsonObject(document) || !isJsonObject(document['node']) || metadata === undefined) return document;
  const wanted = nodeMetadata(expected) ?? {};
  const { AGENT_VERSION: own, ...others } = metadata;
  const aligned: Record<string, Json> = { ...others };
  if (own !== undefined && Object.hasOwn(wanted, 'AGENT_VERSION')) aligned['AGENT_VERSION'] = own;
  if (wanted['ISTIO_VERSION'] === ANY_VERSION && metadata['ISTIO_VERSION']) {
    aligned['ISTIO_VERSION'] = ANY_VERSION;
  }
  return { ...document, node: { ...document['node'], metadata: aligned } };
}
