// What goes on in a pod that is not busy: some requests to and from its neighbour, and Prometheus. The kubelet's probes
// come by themselves.

import { setTimeout as sleep } from 'node:timers/promises';

import { urlOf } from '../../test/e2e/pods/cases/checks/traffic.ts';
import { NodeWindow } from '../../test/e2e/pods/cases/node-window.ts';
import type { RunningPod } from '../../test/e2e/pods/kubelet/kubelet.ts';

export const REQUESTS_PER_SECOND = 3;
export const SCRAPE_SECONDS = 15;

export interface Traffic {
  readonly asked: number;
  /** Without an answer of status 200. */
  readonly failed: number;
}

/** Each pod asks the other through capture, and each is scraped from the node. */
export async function lightTraffic(
  [one, other]: readonly [RunningPod, RunningPod],
  node: NodeWindow,
  forMs: number,
): Promise<Traffic> {
  await using inOne = await NodeWindow.open(one.networkNamespace);
  await using inOther = await NodeWindow.open(other.networkNamespace);
  const endMs = performance.now() + forMs;
  const questions = [
    { from: inOne, url: urlOf(other), everyMs: 1000 / REQUESTS_PER_SECOND },
    { from: inOther, url: urlOf(one), everyMs: 1000 / REQUESTS_PER_SECOND },
    ...[one, other].map(({ ip }) => {
      return { from: node, url: `http://${ip}:15020/stats/prometheus`, everyMs: 1000 * SCRAPE_SECONDS };
    }),
  ];
  const answers = await Promise.all(questions.map((question) => askAgain(question, endMs)));
  const all = answers.flat();
  return { asked: all.length, failed: all.filter((isGood) => !isGood).length };
}

interface Question {
  readonly from: NodeWindow;
  readonly url: string;
  readonly everyMs: number;
}

/** @returns which were answered well */
async function askAgain({ from, url, everyMs }: Question, endMs: number): Promise<readonly boolean[]> {
  const good: boolean[] = [];
  for (let nextMs = performance.now(); nextMs < endMs; nextMs += everyMs) {
    await sleep(Math.max(0, nextMs - performance.now()));
    good.push(
      await from.get(url).then(
        ({ status }) => status === 200,
        () => false, // nobody answered in time
      ),
    );
  }
  return good;
}
