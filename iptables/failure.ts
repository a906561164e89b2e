// What a failed tool means, in one line for the person who reads the log: cause first, then the remedy.

import type { ToolResult } from './tools.ts';

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

const NO_KERNEL_SUPPORT =
  /can't initialize|unable to initialize|table does not exist|no chain\/target\/match|not supported/i;

/** What to do about it; empty when the tool's words must speak for themselves. */
export function remedyFor(stderr: string): string {
  if (isDenied(stderr)) {
    return (
      'capture needs the capabilities NET_ADMIN and NET_RAW: ' +
      'grant them to this container, or let a CNI plugin set the rules'
    );
  }
  if (NO_KERNEL_SUPPORT.test(stderr)) {
    return (
      'the kernel lacks a module: load nf_nat, xt_REDIRECT, xt_owner, iptable_nat, iptable_mangle, ' +
      'xt_conntrack, xt_TPROXY and xt_CT on the node, or install the other iptables variant'
    );
  }
  return '';
}

/** Several lines of a tool as one. */
export function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('; ');
}
