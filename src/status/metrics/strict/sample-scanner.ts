// Reads one sample: `name{label="value",...} value timestamp # exemplar`. The fields hold what was found until the next
// call. Blanks may stand wherever the text format allows them; whoever writes the sample writes it without.

import { isBlank, isNameCode, LabelScanner } from './label-scanner.ts';
import { readNumber } from './numbers.ts';

const HASH = 35;
const COLON = 58;
const OPEN = 123;

export class SampleScanner {
  name = '';
  readonly labels = new LabelScanner();
  value = 0;
  /** Name, labels and value, without superfluous blanks. */
  head = '';
  /** Empty: there is none. Not examined. */
  timestamp = '';
  /** Everything after the first ` # `, not examined; undefined: there is none. */
  exemplar: string | undefined;

  #text = '';
  #at = 0;
  #end = 0;

  /** @returns whether the line is a sample; it has neither blanks around it nor its newline */
  scan(text: string, start: number, end: number): boolean {
    this.#text = text;
    this.#at = start;
    this.#end = end;
    this.name = this.#readName();
    if (this.name === '') return false;
    const labelsStart = this.#skipBlanks();
    if (this.#starts(OPEN)) {
      this.#at = this.labels.scan(text, labelsStart, end);
      if (this.#at === 0) return false;
    } else if (labelsStart === start + this.name.length) return false;
    else this.labels.clear();
    return this.#readNumbers(start, labelsStart, this.#at);
  }

  #readNumbers(start: number, labelsStart: number, labelsEnd: number): boolean {
    this.#skipBlanks();
    const valueText = this.#readToken();
    const value = readNumber(valueText);
    if (value === undefined) return false;
    this.value = value;
    const labels = this.#starts(OPEN, labelsStart) ? this.#text.slice(labelsStart, labelsEnd) : '';
    this.head =
      this.#at - start === this.name.length + labels.length + 1 + valueText.length && !this.labels.loose
        ? this.#text.slice(start, this.#at)
        : `${this.name}${this.labels.loose ? this.labels.rebuilt() : labels} ${valueText}`;
    return this.#readRest();
  }

  #readRest(): boolean {
    this.timestamp = '';
    this.exemplar = undefined;
    this.#skipBlanks();
    if (!this.#starts(HASH)) {
      this.timestamp = this.#readToken();
      this.#skipBlanks();
    }
    if (this.#at === this.#end) return true;
    if (!this.#starts(HASH)) return false;
    this.exemplar = this.#text.slice(this.#at + 1, this.#end).trimStart();
    return true;
  }

  #starts(code: number, at = this.#at): boolean {
    return at < this.#end && this.#text.charCodeAt(at) === code;
  }

  /** @returns empty when there is none */
  #readName(): string {
    const start = this.#at;
    let at = start;
    while (at < this.#end) {
      const code = this.#text.charCodeAt(at);
      if (!isNameCode(code, at > start) && code !== COLON) break;
      at += 1;
    }
    this.#at = at;
    return this.#text.slice(start, at);
  }

  #readToken(): string {
    const start = this.#at;
    let at = start;
    while (at < this.#end && !isBlank(this.#text.charCodeAt(at))) at += 1;
    this.#at = at;
    return this.#text.slice(start, at);
  }

  /** @returns where they end */
  #skipBlanks(): number {
    while (this.#at < this.#end && isBlank(this.#text.charCodeAt(this.#at))) this.#at += 1;
    return this.#at;
  }
}
