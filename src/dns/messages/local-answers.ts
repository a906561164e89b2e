// Answers names of the mesh from the name table. An answer is encoded when a question is asked for the first time, and
// kept until the table changes or younger ones need the room.

import type { LookupTable } from '../names/lookup-table.ts';
import { AnswerTemplate } from './answer-template.ts';
import { TYPE, type Message, type Question } from './message.ts';

export interface LocalAnswersDeps {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: { readonly answered: (result: 'hit' | 'nodata') => void };
  /** Memory for answers that may be asked for again, bytes. Default 4 MiB: some thousands of names. */
  readonly maxKeptBytes?: number;
}

const DEFAULT_MAX_KEPT_BYTES = 4 * 1024 * 1024;
/** What one costs beside its bytes and its key. */
const ENTRY_BYTES = 650;

export class LocalAnswers {
  readonly #deps: LocalAnswersDeps;
  /** By the bytes of the question, oldest first. */
  readonly #kept = new Map<string, AnswerTemplate>();
  #keptBytes = 0;
  /** That `#kept` was made from. */
  #table: LookupTable | undefined;

  constructor(deps: LocalAnswersDeps) {
    this.#deps = deps;
  }

  /** Undefined for a question that is not about addresses of a name in the table. */
  answer(query: Message, table: LookupTable, limitBytes: number): Buffer | undefined {
    const { question } = query;
    if (question === undefined || (question.type !== TYPE.A && question.type !== TYPE.AAAA)) return undefined;
    if (table !== this.#table) this.#forget(table);
    const key = question.bytes.toString('latin1');
    const template = this.#kept.get(key) ?? this.#encoded(key, question, table);
    if (template === undefined) return undefined;
    this.#deps.metrics.answered(template.isEmpty ? 'nodata' : 'hit');
    return template.reply(query, { random: this.#deps.random, limitBytes });
  }

  #encoded(key: string, question: Question, table: LookupTable): AnswerTemplate | undefined {
    const { name, type } = question;
    const hit = name === undefined ? undefined : table.find(name);
    if (name === undefined || hit === undefined) return undefined;
    const addresses = type === TYPE.A ? hit.v4 : hit.v6;
    // without addresses there is no alias either, and the name exists: "no such name" would be taken for both families
    const alias = addresses.length === 0 ? undefined : hit.alias;
    const template = new AnswerTemplate(question, { alias, owner: hit.owner, addresses });
    this.#keep(key, template);
    return template;
  }

  #keep(key: string, template: AnswerTemplate): void {
    const { maxKeptBytes = DEFAULT_MAX_KEPT_BYTES } = this.#deps;
    this.#kept.set(key, template);
    this.#keptBytes += costBytes(key, template);
    for (const [oldest, old] of this.#kept) {
      if (this.#keptBytes <= maxKeptBytes) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= costBytes(oldest, old);
    }
  }

  #forget(table: LookupTable): void {
    this.#kept.clear();
    this.#keptBytes = 0;
    this.#table = table;
  }
}

function costBytes(key: string, { sizeBytes }: AnswerTemplate): number {
  return key.length + sizeBytes + ENTRY_BYTES;
}
