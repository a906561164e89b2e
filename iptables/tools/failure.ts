// What a failed tool means: its words in one line, the kind of failure they tell of, and whether waiting helps.

import type { ErrorId } from '../error-ids.ts';
import type { ToolResult } from './run-tool.ts';

/** iptables' own exit codes. */
const KINDS: Readonly<Record<number, string>> = {
  1: 'xtables other problem',
  2: 'xtables parameter problem',
  3: 'xtables version problem',
  4: 'xtables resource problem',
};

/** The line that names a failed call in the log: kind by exit code, then the tool's own words. */
export function failureLine({ code, stderr }: ToolResult): string {
  const kind = KINDS[code];
  if (kind === undefined) return stderr.trim();
  return `${kind}: ${stderr.slice(stderr.indexOf(':') + 1).trim()}`;
}

/** True when the kernel refused for lack of rights, whatever exit code the tool made of it. */
export function isDenied(stderr: string): boolean {
  return /permission denied|operation not permitted/i.test(stderr);
}

/** What the words of the tools and of the kernel mean; the first that fits counts. */
const MEANINGS: readonly { readonly words: RegExp; readonly id: ErrorId }[] = [
  { words: /permission denied|operation not permitted/i, id: 'IPT-NO-NET-ADMIN' },
  { words: /can't open lock file/i, id: 'IPT-LOCK-FILE' },
  { words: /holding the xtables lock/i, id: 'IPT-LOCKED' },
  { words: /chain already exists/i, id: 'IPT-DRIFT' },
  { words: /bad value for "--[ug]id-owner"|(?:user|group) does not exist/i, id: 'IPT-UNKNOWN-OWNER' },
  {
    words:
      /can't initialize|unable to initialize|table does not exist|no chain\/target\/match|not supported|couldn't load (?:match|target)|RULE_\w+ failed \(no such file/i,
    id: 'IPT-NO-MODULE',
  },
];

/** The kind of failure that a tool's words tell of. */
export function failureId(stderr: string): ErrorId {
  return MEANINGS.find(({ words }) => words.test(stderr))?.id ?? 'IPT-TOOL-FAILED';
}

/** Exit code for a resource problem: most often the lock, held by somebody else; sometimes what waiting cannot mend. */
const RESOURCE_PROBLEM = 4;

/** The nft variant's word for a chain that holds rules or that a rule refers to: no waiting changes that. */
const CHAIN_IN_USE = /CHAIN_\w*DEL failed/;

/** True when the same call may succeed a little later. */
export function isBusy({ code, stderr }: ToolResult): boolean {
  if (code !== RESOURCE_PROBLEM || CHAIN_IN_USE.test(stderr)) return false;
  const id = failureId(stderr);
  return id === 'IPT-LOCKED' || id === 'IPT-TOOL-FAILED';
}

/** Several lines of a tool as one. */
export function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('; ');
}
