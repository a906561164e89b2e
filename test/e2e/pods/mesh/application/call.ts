// Asks once or many times, and says what came of it.

import { asking, isGood, type Answer, type Ask, type Question } from './ask.ts';

export interface CallSettings {
  readonly question: Question;
  /** How often to ask; with `seconds`, ignored. */
  readonly requests: number;
  /** How many questions may be open at once. */
  readonly concurrency: number;
  /** Ask for this long, one question after the other. */
  readonly seconds: number | undefined;
}

/** What is printed, as JSON. */
export interface CallReport {
  readonly asked: number;
  readonly good: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Questions without an answer, by the error's code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly last: Answer | undefined;
}

export async function call(settings: CallSettings): Promise<CallReport> {
  using open = asking(settings.question.url);
  const tally = new Tally();
  const more = budget(settings);
  const worker = async (): Promise<void> => {
    while (more()) await tally.add(open.ask, settings.question);
  };
  await Promise.all(Array.from({ length: settings.concurrency }, worker));
  return tally.report();
}

/** Whether one more question may be asked. */
function budget({ requests, seconds }: CallSettings): () => boolean {
  if (seconds !== undefined) {
    const end = performance.now() + seconds * 1000;
    return () => performance.now() < end;
  }
  let left = requests;
  return () => left-- > 0;
}

class Tally {
  readonly #statuses = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  #good = 0;
  #slowestMs = 0;
  #last: Answer | undefined;

  async add(ask: Ask, question: Question): Promise<void> {
    const startMs = performance.now();
    try {
      const answer = await ask(question);
      this.#last = answer;
      if (isGood(answer)) this.#good++;
      count(this.#statuses, answer.status);
    } catch (error) {
      count(this.#errors, codeOf(error));
    }
    this.#slowestMs = Math.max(this.#slowestMs, Math.round(performance.now() - startMs));
  }

  report(): CallReport {
    const asked = sum(this.#statuses) + sum(this.#errors);
    const [statuses, errors] = [Object.fromEntries(this.#statuses), Object.fromEntries(this.#errors)];
    return { asked, good: this.#good, statuses, errors, slowestMs: this.#slowestMs, last: this.#last };
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, one) => all + one, 0);
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: string; name?: string };
  return code ?? name ?? String(error);
}
