// Reads an iptables rule, planned or saved: its words become tests and actions. Options of matches that are not known
// here become a test that nothing can decide, never an error: rules of others stand in the same chains.

import { shellWords } from '../rules/shell-words.ts';
import type { Action, Field, ReadRule, RuleTest } from './read-rule.ts';
import { isEverything, mark, markParts, network, numberRange } from './values.ts';

/** Ids of users and groups by name; a name that is not known stays a name. */
export interface OwnerIds {
  readonly users: ReadonlyMap<string, string>;
  readonly groups: ReadonlyMap<string, string>;
}

export const NO_NAMES: OwnerIds = { users: new Map(), groups: new Map() };

type Speller = (text: string, ids: OwnerIds) => readonly string[];

const one =
  (spell: (text: string) => string): Speller =>
  (text) => [spell(text)];
const list =
  (spell: (text: string) => string): Speller =>
  (text) =>
    text.split(',').map(spell);
const same = (text: string): string => text;

const PORTS = list(numberRange);
const PROTOCOLS: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'ipv6-icmp',
};

/** Options that test one thing, by all their names. */
const OPTIONS: Readonly<Record<string, readonly [Field, Speller]>> = {
  '-p': ['proto', one((text) => PROTOCOLS[text] ?? text.toLowerCase())],
  '-s': ['src', one(network)],
  '-d': ['dst', one(network)],
  '-i': ['in', one(same)],
  '-o': ['out', one(same)],
  '--sport': ['sport', PORTS],
  '--dport': ['dport', PORTS],
  '--sports': ['sport', PORTS],
  '--dports': ['dport', PORTS],
  '--uid-owner': ['uid', (text, { users }) => [numberRange(users.get(text) ?? text)]],
  '--gid-owner': ['gid', (text, { groups }) => [numberRange(groups.get(text) ?? text)]],
  '--ctstate': ['ctstate', list((text) => text.toLowerCase())],
};

/** Matches whose options are all known; `--mark` means another thing in each of two. */
const KNOWN_MATCHES: ReadonlySet<string> = new Set(
  'tcp udp multiport owner conntrack mark connmark comment'.split(' '),
);

interface Reading {
  readonly words: readonly string[];
  readonly ids: OwnerIds;
  at: number;
  negated: boolean;
  /** The match whose options are being read. */
  match: string;
  readonly tests: RuleTest[];
  comment?: string;
}

/**
 * @param words of the rule after the chain's name
 * @param text the rule as it is to be shown
 */
export function readIptablesRule(
  place: { readonly table: string; readonly chain: string },
  words: readonly string[],
  text: string,
  ids: OwnerIds = NO_NAMES,
): ReadRule {
  const reading: Reading = { words, ids, at: 0, negated: false, match: '', tests: [] };
  let actions: readonly Action[] = [];
  while (reading.at < words.length) {
    const word = words[reading.at++] ?? '';
    if (word === '-j' || word === '-g') {
      actions = readTarget(word, words.slice(reading.at));
      break;
    }
    readMatch(reading, word);
  }
  const { tests, comment } = reading;
  return { ...place, tests, actions, text, ...(comment !== undefined && { comment }) };
}

/** @param line as saved: `-A CHAIN …` */
export function readSavedRule(
  place: { readonly table: string; readonly chain: string },
  line: string,
  ids: OwnerIds = NO_NAMES,
): ReadRule {
  return readIptablesRule(place, shellWords(line).slice(2), line, ids);
}

function readMatch(reading: Reading, word: string): void {
  if (word === '!') {
    reading.negated = true;
    return;
  }
  const option = OPTIONS[word];
  if (word === '-m') readMatchName(reading);
  else if (word === '--comment') reading.comment = valueOf(reading);
  else if (word === '--mark' && ['mark', 'connmark'].includes(reading.match))
    addTest(reading, reading.match as Field, [mark(valueOf(reading))]);
  else if (option !== undefined) addTest(reading, option[0], option[1](valueOf(reading), reading.ids));
  else addTest(reading, 'unknown', [word]);
  reading.negated = false;
}

function readMatchName(reading: Reading): void {
  reading.match = valueOf(reading);
  if (!KNOWN_MATCHES.has(reading.match)) addTest(reading, 'unknown', [`-m ${reading.match}`]);
}

function valueOf(reading: Reading): string {
  return reading.words[reading.at++] ?? '';
}

/** A test that always holds is left out: the tools do not save it. */
function addTest({ tests, negated }: Reading, field: Field, values: readonly string[]): void {
  const [value = ''] = values;
  if ((field === 'src' || field === 'dst') && isEverything(value) && !negated) return;
  if (field === 'proto' && value === 'all') return;
  tests.push({ field, negated, values });
}

const SIMPLE: Readonly<Record<string, readonly Action[]>> = {
  RETURN: [{ do: 'return' }],
  ACCEPT: [{ do: 'accept' }],
  DROP: [{ do: 'drop' }],
  REJECT: [{ do: 'drop' }],
};

function readTarget(verb: string, [name = '', ...options]: readonly string[]): readonly Action[] {
  if (verb === '-g') return [{ do: 'goto', chain: name }];
  const simple = SIMPLE[name];
  if (simple !== undefined) return simple;
  const value = (...names: readonly string[]): string | undefined => {
    const at = options.findIndex((word) => names.includes(word));
    return at < 0 ? undefined : options[at + 1];
  };
  const extension = extensionAction(name, options, value);
  if (extension !== undefined) return extension;
  // A jump carries no options; what has them is an extension of others.
  if (options.length === 0) return [{ do: 'jump', chain: name }];
  return [{ do: 'other', words: [name, ...options].join(' ') }];
}

function extensionAction(
  name: string,
  options: readonly string[],
  value: (...names: readonly string[]) => string | undefined,
): readonly Action[] | undefined {
  switch (name) {
    case 'REDIRECT':
      return [{ do: 'redirect', port: Number(value('--to-ports', '--to-port') ?? Number.NaN) }];
    case 'TPROXY': {
      const mask = markParts(value('--tproxy-mark') ?? '0/0');
      return [{ do: 'tproxy', port: Number(value('--on-port')) }, { do: 'mark', ...mask }, { do: 'accept' }];
    }
    case 'MARK':
      return [{ do: 'mark', ...markParts(value('--set-mark', '--set-xmark') ?? '0/0') }];
    case 'CONNMARK':
      return options[0] === '--save-mark' ? [{ do: 'saveMark' }] : [{ do: 'restoreMark' }];
    case 'CT':
      return [{ do: 'zone', zone: Number(value('--zone')) }];
    default:
      return undefined;
  }
}
