// Reads an nftables rule, planned or listed: matches become tests, statements become actions. nft lists its rules in
// its own words (`meta skuid` for `skuid`, no match that another one implies), which come out the same here.

import type { Action, Field, ReadRule, RuleTest } from './read-rule.ts';
import { mark, markParts, network, numberRange } from './values.ts';

interface Match {
  readonly words: readonly string[];
  readonly field: Field;
  readonly spell: (text: string) => string;
  /** The protocol that the match implies. */
  readonly proto?: string;
}

const same = (text: string): string => text;
const interfaceName = (text: string): string => text.replace(/\*$/, '+');

const MATCHES: readonly Match[] = [
  { words: ['iifname'], field: 'in', spell: interfaceName },
  { words: ['oifname'], field: 'out', spell: interfaceName },
  { words: ['l4proto'], field: 'proto', spell: same },
  { words: ['skuid'], field: 'uid', spell: numberRange },
  { words: ['skgid'], field: 'gid', spell: numberRange },
  { words: ['mark'], field: 'mark', spell: mark },
  { words: ['ct', 'mark'], field: 'connmark', spell: mark },
  { words: ['ct', 'state'], field: 'ctstate', spell: same },
  ...['ip', 'ip6'].flatMap((ip): readonly Match[] => [
    { words: [ip, 'saddr'], field: 'src', spell: network },
    { words: [ip, 'daddr'], field: 'dst', spell: network },
  ]),
  ...['tcp', 'udp'].flatMap((proto): readonly Match[] => [
    { words: [proto, 'sport'], field: 'sport', spell: numberRange, proto },
    { words: [proto, 'dport'], field: 'dport', spell: numberRange, proto },
  ]),
];

interface Reading {
  readonly words: readonly string[];
  at: number;
  readonly tests: RuleTest[];
  readonly actions: Action[];
  comment?: string;
}

/** @param text the rule as planned or listed, without its chain */
export function readNftRule(
  place: { readonly table: string; readonly chain: string },
  text: string,
): ReadRule {
  const reading: Reading = { words: nftWords(text), at: 0, tests: [], actions: [] };
  while (reading.at < reading.words.length) {
    if (!readStatement(reading) && !readMatch(reading)) readUnknown(reading);
  }
  const { tests, actions, comment } = reading;
  return { ...place, tests, actions, text, ...(comment !== undefined && { comment }) };
}

/** `meta` is left out before its keys, as it may be; a set is one word. */
function nftWords(text: string): readonly string[] {
  const words = [...text.matchAll(/"([^"]*)"|\{[^}]*\}|\S+/g)].map(([word, quoted]) => quoted ?? word);
  return words.filter((word) => word !== 'meta');
}

function take(reading: Reading): string {
  return reading.words[reading.at++] ?? '';
}

/** Moves on when these words come next. */
function accept(reading: Reading, ...expected: readonly string[]): boolean {
  const comes = expected.every((word, index) => reading.words[reading.at + index] === word);
  if (comes) reading.at += expected.length;
  return comes;
}

function readStatement(reading: Reading): boolean {
  const { actions } = reading;
  if (accept(reading, 'counter')) {
    if (accept(reading, 'packets')) reading.at += 3; // N bytes N
  } else if (accept(reading, 'comment')) reading.comment = take(reading);
  else if (accept(reading, 'jump')) actions.push({ do: 'jump', chain: take(reading) });
  else if (accept(reading, 'goto')) actions.push({ do: 'goto', chain: take(reading) });
  else if (accept(reading, 'redirect', 'to')) actions.push({ do: 'redirect', port: portIn(take(reading)) });
  else if (accept(reading, 'ct', 'zone', 'set')) actions.push({ do: 'zone', zone: Number(take(reading)) });
  else if (accept(reading, 'tproxy')) actions.push(readTproxy(reading));
  else return readMarkStatement(reading) || readVerdict(reading);
  return true;
}

function readTproxy(reading: Reading): Action {
  while (!['to', ''].includes(take(reading)));
  return { do: 'tproxy', port: portIn(take(reading)) };
}

function readMarkStatement(reading: Reading): boolean {
  const { actions } = reading;
  if (accept(reading, 'ct', 'mark', 'set', 'mark')) actions.push({ do: 'saveMark' });
  else if (accept(reading, 'mark', 'set', 'ct', 'mark')) actions.push({ do: 'restoreMark' });
  else if (accept(reading, 'mark', 'set')) actions.push({ do: 'mark', ...markParts(take(reading)) });
  else return false;
  return true;
}

function readVerdict(reading: Reading): boolean {
  const verdict = (['return', 'accept', 'drop'] as const).find((word) => accept(reading, word));
  if (verdict !== undefined) reading.actions.push({ do: verdict });
  return verdict !== undefined;
}

function portIn(text: string): number {
  return Number(text.slice(text.lastIndexOf(':') + 1));
}

function readMatch(reading: Reading): boolean {
  const match = MATCHES.find(({ words }) => accept(reading, ...words));
  if (match === undefined) return false;
  const negated = accept(reading, '!=');
  accept(reading, '==');
  if (match.proto !== undefined) {
    reading.tests.push({ field: 'proto', negated: false, values: [match.proto] });
  }
  reading.tests.push({ field: match.field, negated, values: setIn(take(reading)).map(match.spell) });
  return true;
}

/** `{ 53, 15008 }`, `established,related` and a single value. */
function setIn(text: string): readonly string[] {
  return text.split(/[{},\s]+/).filter((item) => item !== '');
}

function readUnknown(reading: Reading): void {
  reading.tests.push({ field: 'unknown', negated: false, values: [take(reading)] });
}
