// The part of the report about whole pods.

import { code, table } from './markdown.ts';
import { NOT_RUN, type PodOutcome } from './pod-outcomes.ts';

const INTRODUCTION = `Pods that were run as they were written, but for the names of images: init container, sidecar and application in a
network of their own, with probes, hooks and the grace period kept by a small kubelet, against the control plane of
\`agent discovery\`. Those of an injector are its own test data; where these name a control plane that is nowhere, the
address is that of the tests.`;

const AUTHORS: Readonly<Record<PodOutcome['source'], string>> = {
  own: 'this project',
  'v1.31': 'the injector of 1.31',
  'v1.7': 'the injector of 1.7',
};

/** Two tables: what came of each pod, and of how many pods each thing was shown. */
export function podSection(pods: readonly PodOutcome[]): string {
  const rows = pods.map((pod) => [
    code(pod.name),
    AUTHORS[pod.source],
    isShown(pod) ? 'works' : 'not shown',
    met(pod),
  ]);
  return [
    '## Pods',
    INTRODUCTION,
    table(['Pod', 'Written by', '', 'Expectations met'], rows),
    table(['A pod …', 'Shown'], expectationRows(pods)),
  ].join('\n\n');
}

/** Every expectation of it was met. */
export function isShown({ expectations }: PodOutcome): boolean {
  return expectations.length > 0 && expectations.every(({ problem }) => problem === undefined);
}

function met({ expectations }: PodOutcome): string {
  const open = expectations.filter(({ problem }) => problem !== undefined);
  const total = expectations.length;
  if (open.length === 0) return `all ${total}`;
  if (open.length === total && open.every(({ problem }) => problem === NOT_RUN)) return NOT_RUN;
  const problems = open.map(({ name, problem }) => `${name} (${problem})`);
  return `${total - open.length} of ${total}; not: ${problems.join('; ')}`;
}

/** In the order in which they first occur. */
function expectationRows(pods: readonly PodOutcome[]): readonly (readonly string[])[] {
  const all = pods.flatMap(({ expectations }) => expectations);
  return [...new Set(all.map(({ name }) => name))].map((name) => {
    const wanted = all.filter((each) => each.name === name);
    const shown = wanted.filter(({ problem }) => problem === undefined).length;
    return [name, shown === wanted.length ? plural(shown) : `${shown} of ${plural(wanted.length)}`];
  });
}

function plural(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}
