// The explanation of a packet as it is printed: lines for people, data for programs. Pure.

import type { CaptureConfig } from '../settings/capture-config.ts';
import type { CaptureJob } from '../job.ts';
import { type Family, FAMILY_NAMES } from '../rules/rule.ts';
import type { CompletedPacket } from './assumptions.ts';
import type { Journey } from './journey.ts';
import type { Walk } from './walk.ts';
import { packetWords, pathLine, ruleWords, verdictWords } from './words.ts';

/** Whose rules are walked. */
export function originWords(
  { request }: CaptureJob,
  config: CaptureConfig,
  family: Family,
  live: boolean,
): string {
  const version = FAMILY_NAMES[family];
  if (live) return `those in the kernel now, for ${version}`;
  if (family === 'v6' && !config.enableIPv6) return 'none: a run with these flags captures no IPv6';
  return `those that a run with these flags sets, for ${version} by ${request.nativeNftables ? 'nftables' : 'iptables'}`;
}

/** For programs. */
export function asData(
  { packet, assumed }: CompletedPacket,
  way: Journey,
  origin: string,
  config: CaptureConfig,
): object {
  const { verdict, first, overLo } = way;
  const rules = ({ met }: Walk): object => ({
    path: met.map(pathLine),
    steps: met.map((rule) => ({ rule: pathLine(rule), words: ruleWords(rule) })),
  });
  return {
    ...verdict,
    ...rules(first),
    ...(overLo !== undefined && overLo.met.length > 0 && { overLo: rules(overLo) }),
    words: verdictWords(way, config),
    packet,
    assumed,
    rules: origin,
  };
}

/** For people. */
export function asLines(
  { packet, assumed }: CompletedPacket,
  way: Journey,
  origin: string,
  config: CaptureConfig,
): readonly string[] {
  const { first, overLo } = way;
  const steps = ({ met }: Walk): readonly string[] =>
    met.length === 0
      ? ['  it meets none']
      : met.flatMap((rule) => [`  ${pathLine(rule)}`, `      ${ruleWords(rule)}`]);
  return [
    `Packet: ${packetWords(packet)}`,
    ...(assumed.length === 0 ? [] : [`Assumed: ${assumed.join('; ')}`]),
    `Rules: ${origin}`,
    ...steps(first),
    ...(overLo === undefined || overLo.met.length === 0
      ? []
      : ['It comes in again over lo, where it meets:', ...steps(overLo)]),
    `Verdict: ${verdictWords(way, config)}`,
  ];
}
