// Reads one sample: `name{label="value",...} value timestamp # exemplar`. The fields hold what was found until the next
// call. Blanks may stand wherever the text format allows them; whoever writes the sample writes it without.

import { isBlank, isNameCode, LabelScanner } from './label-scanner.ts';
import { readNumber } from './numbers.ts';

const SPACE = 32;
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
    const nameEnd = this.#at;
    const labelsStart = this.#skipBlanks();
    if (this.#starts(OPEN)) {
      this.#at = this.labels.scan(text, labelsStart, end);
      return this.#at > 0 && this.#readNumbers(start, labelsStart, this.#at);
    }
    this.labels.clear();
    return labelsStart > nameEnd && this.#readNumbers(start, nameEnd, nameEnd);
  }

  #readNumbers(start: number, labelsStart: number, labelsEnd: number): boolean {
    this.#skipBlanks();
    const valueText = this.#readToken();
    const value = readNumber(valueText);
    if (value === undefined) return false;
    this.value = value;
    const { loose } = this.labels;
    const valueStart = this.#at - valueText.length;
    const isTight = labelsStart === start + this.name.length && labelsEnd + 1 === valueStart && !loose;
    if (isTight && this.#starts(SPACE, labelsEnd)) this.head = this.#text.slice(start, this.#at);
    else {
      const labels = loose ? this.labels.rebuilt() : this.#text.slice(labelsStart, labelsEnd);
      this.head = `${this.name}${labels} ${valueText}`;
    }
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
    const before = this.#text.startsWith(this.name, start) ? this.name : ''; // mostly it is the same again
    let at = start + before.length;
    while (at < this.#end && isFamilyNameCode(this.#text.charCodeAt(at), at > start)) at += 1;
    this.#at = at;
    return at === start + before.length ? before : this.#text.slice(start, at);
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

function isFamilyNameCode(code: number, withDigits: boolean): boolean {
  return code === COLON || isNameCode(code, withDigits);
}
