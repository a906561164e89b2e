// `stream-scenarios.json`: what each step and each expectation says is looked up, word by word; a word nobody has a rule
// for fails the scenario.

import assert from 'node:assert/strict';

import type { ConformanceCase, OmittedCase } from '../case.ts';
import { clientActs } from './client-words.ts';
import { checkExpectations } from './expectations.ts';
import { DOES_NOT_READ, serverActs } from './server-words.ts';
import { Setup } from './setup.ts';
import { assertKnown } from './vocabulary.ts';
import { World } from './world.ts';

type Step = Readonly<Record<string, unknown>> & { readonly client?: string; readonly server?: string };

interface Scenario {
  readonly id: string;
  readonly name: string;
  readonly steps: readonly Step[];
  readonly expect: Readonly<Record<string, unknown>>;
}

/** What some scenarios need, found in their words, and is not there. */
const MISSING: readonly (readonly [words: RegExp, reason: string])[] = [
  [/"health"|HealthInformation/, 'the health of the application is not reported'],
  [/\bmodule\b|\bdownload\b/, 'Wasm modules are not replaced by local files'],
];

export function* scenarioCases(scenarios: readonly Scenario[]): Iterable<ConformanceCase | OmittedCase> {
  for (const scenario of scenarios) {
    const { id, name, ...words } = scenario;
    const text = JSON.stringify(words);
    const missing = MISSING.find(([pattern]) => pattern.test(text));
    if (missing) yield { name: id, omitted: missing[1] };
    else yield { name: `${id} ${name}`, run: () => run(scenario) };
  }
}

async function run(scenario: Scenario): Promise<void> {
  assertKnown(scenario, ['id', 'name', 'steps', 'expect', 'note']);
  const { steps, expect } = scenario;
  await using world = await World.lay(new Setup(), {
    isMeasured: Object.hasOwn(expect, 'agentExtraMemoryMaxMiB'),
    serverDoesNotRead: steps.some(({ server }) => server === DOES_NOT_READ),
  });
  for (const step of steps) await take(world, step);
  await checkExpectations(world, expect);
}

async function take(world: World, { client, server, ...settings }: Step): Promise<void> {
  for (const [member, value] of Object.entries(settings)) {
    assert.ok(world.setup.take(member, value), `no rule for the step's "${member}"`);
    if (!world.isStarted) continue;
    assert.equal(member, 'root', `"${member}" cannot change any more`);
    await world.rewriteRoot();
  }
  if (client !== undefined) await clientActs(world, client);
  if (server !== undefined) await serverActs(world, server);
}
