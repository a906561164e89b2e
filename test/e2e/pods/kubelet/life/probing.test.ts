import { deepEqual } from 'node:assert/strict';

import { FakeClock } from '../../../../support/fake-clock.ts';
import type { TrialResult } from '../network/node-messages.ts';
import { containerOf, type Yaml } from '../support/pod-yaml.ts';
import { keepProbing } from './probing.ts';

interface Probed {
  /** Seconds of the trials. */
  readonly trials: readonly number[];
  readonly verdicts: readonly string[];
}

/** @param answers one after the other, then the last again and again; letters: `+` passed, `-` failed */
async function probe(timing: Yaml, answers: string, seconds: number, trialSeconds = 0): Promise<Probed> {
  const { container } = containerOf({ livenessProbe: { exec: { command: ['a'] }, ...timing } });
  const clock = new FakeClock();
  const stop = new AbortController();
  const trials: number[] = [];
  const verdicts: string[] = [];
  const tryOnce = async (): Promise<TrialResult> => {
    const answer = answers[Math.min(trials.length, answers.length - 1)];
    trials.push(Math.floor(clock.monotonicMs() / 1000));
    if (trialSeconds > 0) await clock.sleep(trialSeconds * 1000, stop.signal).catch(() => undefined);
    return { isSuccess: answer === '+', detail: '' };
  };
  const onVerdict = (isSuccess: boolean): boolean => {
    verdicts.push(isSuccess ? '+' : '-');
    return false;
  };
  const { livenessProbe } = container;
  if (livenessProbe === undefined) throw new Error('no probe');
  const probing = { probe: livenessProbe, tryOnce, clock, startMs: 0, onTrial: () => undefined, onVerdict };
  const done = keepProbing(probing, stop.signal);
  await clock.tick(seconds * 1000);
  stop.abort();
  await clock.tick(0);
  await done;
  return { trials, verdicts };
}

describe('keepProbing', () => {
  it('begins after the initial delay and tries once a period', async () => {
    deepEqual((await probe({ periodSeconds: 5 }, '+', 12)).trials, [0, 5, 10]);
    deepEqual((await probe({ initialDelaySeconds: 3, periodSeconds: 2 }, '+', 8)).trials, [3, 5, 7]);
  });

  it('counts the time of a trial into the period', async () => {
    deepEqual((await probe({ periodSeconds: 3 }, '+', 7, 1)).trials, [0, 3, 6]);
    deepEqual((await probe({ periodSeconds: 1 }, '+', 7, 3)).trials, [0, 3, 6]);
  });

  it('tells a failure when as many as its threshold came in a row', async () => {
    const { verdicts } = await probe({ periodSeconds: 1, failureThreshold: 3 }, '--+---', 5);

    deepEqual(verdicts, ['+', '-']);
  });

  it('tells a success when as many as its threshold came in a row', async () => {
    const { verdicts } = await probe({ periodSeconds: 1, successThreshold: 2 }, '+-++', 3);

    deepEqual(verdicts, ['+']);
  });
});
