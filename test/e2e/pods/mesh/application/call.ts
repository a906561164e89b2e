// Asks once or many times, and says what came of it.

import { asking, isGood, type Answer, type Ask, type Question } from './ask.ts';

export interface CallSettings {
  readonly question: Question;
  /** How often to ask. */
  readonly requests: number;
  /** How many questions may be open at once. */
  readonly concurrency: number;
}

/** What is printed, as JSON. */
export interface CallReport {
  readonly asked: number;
  readonly good: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Questions without an answer, by the error's code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly last: Answer | undefined;
}

export async function call(settings: CallSettings): Promise<CallReport> {
  using open = asking(settings.question.url);
  const tally = new Tally();
  let left = settings.requests;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await tally.add(open.ask, settings.question);
  };
  await Promise.all(Array.from({ length: settings.concurrency }, worker));
  return tally.report();
}

class Tally {
  readonly #statuses = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  #good = 0;
  #last: Answer | undefined;

  async add(ask: Ask, question: Question): Promise<void> {
    try {
      const answer = await ask(question);
      this.#last = answer;
      if (isGood(answer)) this.#good++;
      count(this.#statuses, answer.status);
    } catch (error) {
      count(this.#errors, codeOf(error));
    }
  }

  report(): CallReport {
    const asked = sum(this.#statuses) + sum(this.#errors);
    const [statuses, errors] = [Object.fromEntries(this.#statuses), Object.fromEntries(this.#errors)];
    return { asked, good: this.#good, statuses, errors, last: this.#last };
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
