// Reads labels in braces, the greater part of every page: one character at a time, and without making a string of any
// label that nobody asks for. Blanks may stand wherever the text format allows them.

import { isUtf8 } from 'node:buffer';

import { fingerprint, finished, firstHigh, firstLow, joined, nextHigh, nextLow } from './fingerprints.ts';

const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;
const SMALL_N = 110;
const OPEN = 123;
const CLOSE = 125;
/** Above it characters are pieces of UTF-8. */
const LAST_ASCII = 127;
/** All but the first byte of a character outside ASCII. */
const UTF8_CONTINUATION = /[\x80-\xbf]/g;
/** Up to so many are compared with each other. */
const FEW_LABELS = 16;

export interface Label {
  /** As it is written, escaped. */
  readonly value: string;
  /** Of name and value. */
  readonly fingerprint: number;
}

export class LabelScanner {
  /** Of all labels, whatever their order. */
  fingerprint = 0;
  /** There is a label whose name OpenMetrics keeps for itself. */
  reserved = false;
  /** There were blanks, or a comma after the last. */
  loose = false;

  #text = '';
  #at = 0;
  #end = 0;
  #wide = false;
  #count = 0;
  /** Four numbers for each label: where its name starts and ends, where its value starts and ends. */
  readonly #bounds: number[] = [];
  readonly #namePrints: number[] = [];
  readonly #prints: number[] = [];

  /** @returns where the first character after them is; 0: they are not well-formed */
  scan(text: string, start: number, end: number): number {
    this.clear();
    this.#text = text;
    this.#at = start;
    this.#end = end;
    if (this.#here() !== OPEN || !this.#readAll()) return 0;
    if (this.#count > 1 && this.#hasNameTwice()) return 0;
    return this.#wide && !isUtf8(Buffer.from(text.slice(start, this.#at), 'latin1')) ? 0 : this.#at;
  }

  clear(): void {
    this.fingerprint = 0;
    this.reserved = false;
    this.loose = false;
    this.#wide = false;
    this.#count = 0;
  }

  /** The label of that name, among those read last. */
  label(name: string): Label | undefined {
    if (this.#count === 0) return undefined;
    const wanted = fingerprint(name);
    for (let index = 0; index < this.#count; index += 1) {
      if (this.#namePrints[index] !== wanted) continue;
      return { value: this.#value(index), fingerprint: this.#prints[index] ?? 0 };
    }
    return undefined;
  }

  /** All of them in braces, without superfluous characters. */
  rebuilt(): string {
    const pairs = this.#indices().map((index) => `${this.#name(index)}="${this.#value(index)}"`);
    return `{${pairs.join(',')}}`;
  }

  /** How long the names and values of all labels are together, in characters. */
  length(): number {
    const texts = this.#indices().map(
      (index) => this.#name(index) + this.#value(index).replaceAll(/\\./g, '.'),
    );
    return texts.join('').replaceAll(UTF8_CONTINUATION, '').length;
  }

  #indices(): readonly number[] {
    return Array.from({ length: this.#count }, (_, index) => index);
  }

  #name(index: number): string {
    return this.#text.slice(this.#bounds[index * 4], this.#bounds[index * 4 + 1]);
  }

  #value(index: number): string {
    return this.#text.slice(this.#bounds[index * 4 + 2], this.#bounds[index * 4 + 3]);
  }

  #readAll(): boolean {
    this.#at += 1;
    this.#skipBlanks();
    while (this.#here() !== CLOSE) {
      if (!this.#readOne()) return false;
      this.#skipBlanks();
      if (this.#here() === CLOSE) break;
      if (this.#here() !== COMMA) return false;
      this.#at += 1;
      this.#skipBlanks();
      if (this.#here() === CLOSE) this.loose = true;
    }
    this.#at += 1;
    return true;
  }

  #readOne(): boolean {
    const nameStart = this.#at;
    const namePrint = this.#skipName();
    const nameEnd = this.#at;
    if (namePrint === undefined) return false;
    this.#skipBlanks();
    if (this.#here() !== EQUALS) return false;
    this.#at += 1;
    this.#skipBlanks();
    if (this.#here() !== QUOTE) return false;
    this.#at += 1;
    const valueStart = this.#at;
    const print = this.#skipValue(namePrint);
    if (print === undefined) return false;
    this.#keep(namePrint, print);
    const first = this.#count * 4;
    this.#bounds[first] = nameStart;
    this.#bounds[first + 1] = nameEnd;
    this.#bounds[first + 2] = valueStart;
    this.#bounds[first + 3] = this.#at - 1;
    this.#count += 1;
    return true;
  }

  #keep(namePrint: number, print: number): void {
    this.#namePrints[this.#count] = namePrint;
    this.#prints[this.#count] = print;
    this.fingerprint = joined(this.fingerprint, print);
  }

  /** @returns its fingerprint; undefined: there is none, or it is that of the family */
  #skipName(): number | undefined {
    const text = this.#text;
    const end = this.#end;
    const start = this.#at;
    let at = start;
    while (at < end && isNameCode(text.charCodeAt(at), at > start)) at += 1;
    this.#at = at;
    if (at === start) return undefined;
    if (text.startsWith('__', start)) {
      if (text.slice(start, at) === '__name__') return undefined;
      this.reserved = true;
    }
    return fingerprint(text, start, at);
  }

  /**
   * Goes behind the closing quote. The escapes of the text format are all there are.
   *
   * @returns the fingerprint of name and value; undefined: it is not well-formed
   */
  #skipValue(namePrint: number): number | undefined {
    const text = this.#text;
    const end = this.#end;
    let low = firstLow(namePrint);
    let high = firstHigh(namePrint);
    for (let at = this.#at; at < end; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return finished(low, high);
      }
      low = nextLow(low, code);
      high = nextHigh(high, code);
      if (code === BACKSLASH) {
        at += 1;
        const escaped = at < end ? text.charCodeAt(at) : NEWLINE;
        if (escaped !== BACKSLASH && escaped !== QUOTE && escaped !== SMALL_N) return undefined;
        low = nextLow(low, escaped);
        high = nextHigh(high, escaped);
      } else if (code > LAST_ASCII) this.#wide = true;
      else if (code === 0) return undefined;
    }
    return undefined;
  }

  #hasNameTwice(): boolean {
    const count = this.#count;
    const names = this.#namePrints;
    if (count > FEW_LABELS) return new Set(names.slice(0, count)).size < count;
    for (let index = 1; index < count; index += 1) {
      for (let before = 0; before < index; before += 1) if (names[before] === names[index]) return true;
    }
    return false;
  }

  /** @returns NEWLINE at the end */
  #here(): number {
    return this.#at < this.#end ? this.#text.charCodeAt(this.#at) : NEWLINE;
  }

  #skipBlanks(): void {
    if (!isBlank(this.#here())) return;
    this.loose = true;
    while (isBlank(this.#here())) this.#at += 1;
  }
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Letters and the underscore, and digits that are not first. */
export function isNameCode(code: number, withDigits: boolean): boolean {
  if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95) return true;
  return withDigits && code >= 48 && code <= 57;
}
