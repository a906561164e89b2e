// The explanation of a packet as it is printed: lines for people, data for programs. Pure.

import { placedText, type ReadRule } from '../model/read-rule.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import type { CompletedPacket } from './assumptions.ts';
import type { Journey } from './journey.ts';
import type { Walk } from './walk.ts';
import { packetWords, stepWords, verdictWords } from './words.ts';

/** For programs. @param origin whose rules were walked */
export function asData(
  { packet, assumed }: CompletedPacket,
  way: Journey,
  origin: string,
  config: CaptureConfig,
): object {
  const { verdict, first, overLo } = way;
  const rules = ({ met }: Walk): object => ({
    path: met.map(placedText),
    steps: met.map((rule) => ({ rule: placedText(rule), words: stepWords(rule) })),
  });
  return {
    ...verdict,
    ...rules(first),
    ...(overLo !== undefined && overLo.met.length > 0 && { overLo: rules(overLo) }),
    ...(undecided(way).length > 0 && { undecided: undecided(way).map(placedText) }),
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
      : met.flatMap((rule) => [`  ${placedText(rule)}`, `      ${stepWords(rule)}`]);
  return [
    `Packet: ${packetWords(packet)}`,
    ...(assumed.length === 0 ? [] : [`Assumed: ${assumed.join('; ')}`]),
    `Rules: ${origin}`,
    ...steps(first),
    ...(overLo === undefined || overLo.met.length === 0
      ? []
      : ['It comes in again over lo, where it meets:', ...steps(overLo)]),
    ...undecided(way).map((rule) => `Cannot be decided here, and taken for not met: ${placedText(rule)}`),
    `Verdict: ${verdictWords(way, config)}`,
  ];
}

/** Rules of others that may end the packet elsewhere. */
function undecided({ first, overLo }: Journey): readonly ReadRule[] {
  return [...first.undecided, ...(overLo?.undecided ?? [])];
}
