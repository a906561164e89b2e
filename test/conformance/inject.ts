// Area `inject`: what the control plane's injector wrote, container by container: the proxy as in area `launch`, the
// init and validation containers as in area `kernel`. One case per document.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readTextIfExists } from '../../src/runtime/files.ts';
import { makeAuthority } from '../security/authority.ts';
import { ahead } from './ahead.ts';
import type { ConformanceCase } from './case.ts';
import { EnvoyValidation } from './envoy-validation.ts';
import { checkRealRun, type RealRun } from './kernel/real-runs.ts';
import { checkLaunch, type LaunchSurroundings } from './launch/check.ts';
import type { AgentStart } from './launch/launch-case.ts';

/** Processes at a time. */
const CONCURRENCY = 2;

const EXPECTED = 'expected';

interface ContainerName {
  readonly container: string;
  /** Which of several runs of one container. */
  readonly run?: string;
}

type Container = ContainerName & (AgentStart | RealRun);

interface InjectedDocument {
  readonly documents: readonly { readonly containers: readonly Container[] }[];
}

/** @throws when `directory` has no expectations, or one without its document */
export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const { rootPem } = await makeAuthority();
  const surroundings = { rootCertificate: rootPem, validation: await EnvoyValidation.create() };
  const paths = await readdir(join(directory, EXPECTED), { recursive: true });
  const names = paths.filter((path) => path.endsWith('.json')).map((path) => path.slice(0, -'.json'.length));
  const items = names.sort().map((name) => ({ name, run: () => check(directory, name, surroundings) }));
  yield* ahead(items, CONCURRENCY);
  for (const line of surroundings.validation.report()) console.log(line);
}

async function check(directory: string, name: string, surroundings: LaunchSurroundings): Promise<void> {
  const expected = await readFile(join(directory, EXPECTED, `${name}.json`), 'utf8');
  const { documents } = JSON.parse(expected) as InjectedDocument;
  const containers = documents.flatMap((document) => document.containers);
  const text = await readTextIfExists(join(directory, name));
  if (text !== undefined) assert.deepEqual(ownContainers(text), namesOf(containers));
  for (const container of containers) await checkContainer(container, name, surroundings);
}

async function checkContainer(
  container: Container,
  document: string,
  surroundings: LaunchSurroundings,
): Promise<void> {
  try {
    if ('variant' in container) await checkRealRun(container);
    else await checkLaunch({ ...container, name: document }, surroundings);
  } catch (error) {
    if (error instanceof Error) error.message = `${nameOf(container)}: ${error.message}`;
    if (error instanceof assert.AssertionError) error.generatedMessage = false; // so that it is shown
    throw error;
  }
}

function nameOf({ container, run }: ContainerName): string {
  return run === undefined ? container : `${container} (${run})`;
}

function namesOf(containers: readonly ContainerName[]): readonly string[] {
  return [...new Set(containers.map(({ container }) => container))].sort();
}

/** Containers of a pod's YAML that run the agent. */
function ownContainers(text: string): readonly string[] {
  const names = text.matchAll(/^\s*(?:- )?name: (istio-(?:init|validation|proxy))$/gm);
  return [...new Set(Array.from(names, ([, name = '']) => name))].sort();
}
