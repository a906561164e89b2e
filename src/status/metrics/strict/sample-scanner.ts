// Reads one sample: `name{label="value",...} value timestamp # exemplar`. One character at a time and without a
// regular expression where the length of the page counts; the fields hold what was found until the next call.
// Blanks may stand wherever the text format allows them; whoever writes the sample writes it without.

import { isUtf8 } from 'node:buffer';

import { fingerprint, joined } from './fingerprints.ts';
import { readNumber } from './numbers.ts';

const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const COLON = 58;
const EQUALS = 61;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;
/** Above it characters are pieces of UTF-8. */
const LAST_ASCII = 127;
/** Up to so many are compared with each other. */
const FEW_LABELS = 16;

export interface Label {
  /** As it is written, escaped. */
  readonly value: string;
  readonly fingerprint: number;
}

export class SampleScanner {
  name = '';
  /** With braces and as they were, or without blanks and a last comma when there were any; empty: no braces. */
  labels = '';
  /** Of all labels, whatever their order. */
  labelsFingerprint = 0;
  /** A label whose name OpenMetrics keeps for itself. */
  reserved = false;
  valueText = '';
  value = 0;
  /** Empty: there is none. Not examined. */
  timestamp = '';
  /** Everything after the first ` # `, not examined; undefined: there is none. */
  exemplar: string | undefined;

  #text = '';
  #at = 0;
  #end = 0;
  /** There were blanks among the labels, or a comma after the last. */
  #loose = false;
  #wide = false;
  /** Of each label: its name, where its value starts and ends, the fingerprint of both. */
  readonly #names: string[] = [];
  readonly #valueStarts: number[] = [];
  readonly #valueEnds: number[] = [];
  readonly #prints: number[] = [];

  /** @returns whether the line is a sample; it has neither blanks around it nor its newline */
  scan(text: string, start: number, end: number): boolean {
    this.#start(text, start, end);
    this.name = this.#name(true);
    if (this.name === '') return false;
    const blanks = this.#skipBlanks();
    if (this.#here() === OPEN) {
      if (!this.#readLabels()) return false;
      this.#skipBlanks();
    } else if (blanks === 0) return false;
    return this.#readNumbers();
  }

  /** Reads labels in braces, with which the text starts. @returns what follows them, or undefined: there are none */
  scanLabels(text: string): string | undefined {
    this.#start(text, 0, text.length);
    if (this.#here() !== OPEN || !this.#readLabels()) return undefined;
    return text.slice(this.#at);
  }

  /** The label of that name, of the sample read last. */
  label(name: string): Label | undefined {
    const index = this.#names.indexOf(name);
    const print = this.#prints[index];
    return print === undefined ? undefined : { value: this.#labelValue(index), fingerprint: print };
  }

  /** How long the names and values of all labels are together, in characters. */
  labelsLength(): number {
    const values = this.#names.map((_, index) => this.#labelValue(index).replaceAll(/\\./g, '.'));
    return Buffer.from([...this.#names, ...values].join(''), 'latin1').toString('utf8').length;
  }

  #start(text: string, start: number, end: number): void {
    this.#text = text;
    this.#at = start;
    this.#end = end;
    this.#loose = false;
    this.#wide = false;
    this.#names.length = 0;
    this.#valueStarts.length = 0;
    this.#valueEnds.length = 0;
    this.#prints.length = 0;
    this.labels = '';
    this.labelsFingerprint = 0;
    this.reserved = false;
    this.timestamp = '';
    this.exemplar = undefined;
  }

  #readNumbers(): boolean {
    this.valueText = this.#token();
    const value = readNumber(this.valueText);
    if (value === undefined) return false;
    this.value = value;
    this.#skipBlanks();
    if (this.#here() !== HASH) {
      this.timestamp = this.#token();
      this.#skipBlanks();
    }
    if (this.#at === this.#end) return true;
    if (this.#here() !== HASH) return false;
    this.exemplar = this.#text.slice(this.#at + 1, this.#end).trimStart();
    return true;
  }

  #readLabels(): boolean {
    const open = this.#at;
    this.#at += 1;
    this.#skipLoosely();
    while (this.#here() !== CLOSE) {
      if (!this.#readLabel()) return false;
      this.#skipLoosely();
      if (this.#here() === CLOSE) break;
      if (this.#here() !== COMMA) return false;
      this.#at += 1;
      this.#skipLoosely();
      if (this.#here() === CLOSE) this.#loose = true;
    }
    this.#at += 1;
    if (this.#hasNameTwice()) return false;
    const raw = this.#text.slice(open, this.#at);
    this.labels = this.#loose ? this.#rebuilt() : raw;
    return !this.#wide || isUtf8(Buffer.from(raw, 'latin1'));
  }

  #readLabel(): boolean {
    const name = this.#name(false);
    if (name === '' || name === '__name__') return false;
    if (name.startsWith('__')) this.reserved = true;
    this.#skipLoosely();
    if (this.#here() !== EQUALS) return false;
    this.#at += 1;
    this.#skipLoosely();
    if (this.#here() !== QUOTE) return false;
    this.#at += 1;
    const valueStart = this.#at;
    if (!this.#skipValue()) return false;
    this.#names.push(name);
    this.#valueStarts.push(valueStart);
    this.#valueEnds.push(this.#at);
    const print = fingerprint(this.#text, valueStart, this.#at, fingerprint(name));
    this.#prints.push(print);
    this.labelsFingerprint = joined(this.labelsFingerprint, print);
    this.#at += 1;
    return true;
  }

  /** Goes to the closing quote. The escapes of the text format are all there are. */
  #skipValue(): boolean {
    const text = this.#text;
    for (let at = this.#at; at < this.#end; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at;
        return true;
      }
      if (code === BACKSLASH) {
        at += 1;
        const escaped = text[at];
        if (escaped !== '\\' && escaped !== '"' && escaped !== 'n') return false;
      } else if (code > LAST_ASCII) this.#wide = true;
      else if (code === 0) return false;
    }
    return false;
  }

  #hasNameTwice(): boolean {
    const names = this.#names;
    if (names.length > FEW_LABELS) return new Set(names).size < names.length;
    return names.some((name, index) => names.indexOf(name) < index);
  }

  #rebuilt(): string {
    return `{${this.#names.map((name, index) => `${name}="${this.#labelValue(index)}"`).join(',')}}`;
  }

  #labelValue(index: number): string {
    return this.#text.slice(this.#valueStarts[index], this.#valueEnds[index]);
  }

  /** @returns NEWLINE at the end */
  #here(): number {
    return this.#at < this.#end ? this.#text.charCodeAt(this.#at) : NEWLINE;
  }

  /** @returns empty when there is none */
  #name(withColons: boolean): string {
    const start = this.#at;
    let at = start;
    while (at < this.#end && isNameCode(this.#text.charCodeAt(at), withColons, at > start)) at += 1;
    this.#at = at;
    return this.#text.slice(start, at);
  }

  #token(): string {
    const start = this.#at;
    let at = start;
    while (at < this.#end && !isBlank(this.#text.charCodeAt(at))) at += 1;
    this.#at = at;
    return this.#text.slice(start, at);
  }

  #skipBlanks(): number {
    const start = this.#at;
    while (this.#at < this.#end && isBlank(this.#text.charCodeAt(this.#at))) this.#at += 1;
    return this.#at - start;
  }

  #skipLoosely(): void {
    if (this.#skipBlanks() > 0) this.#loose = true;
  }
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isNameCode(code: number, withColons: boolean, withDigits: boolean): boolean {
  if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95) return true;
  return (withDigits && code >= 48 && code <= 57) || (withColons && code === COLON);
}
