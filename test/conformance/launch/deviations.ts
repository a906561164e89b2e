// What this project wants where the recorded behaviour is known to be wrong. A deviation is told by its kind, which
// shows in what was recorded; everything the kind does not touch still counts. A deviation of no kind here only says
// that values are written another way, which the comparison sees through.

import { isJsonObject, parseJson, type JsonObject } from '../../../src/runtime/json.ts';
import type { LaunchCase, LaunchExpectation } from './launch-case.ts';

/** `any` where the record tells nothing: Envoy is started with some bootstrap of the recorded node. */
export interface WantedLaunch extends Omit<LaunchExpectation, 'envoyArgv' | 'bootstrap'> {
  readonly envoyArgv: LaunchExpectation['envoyArgv'] | 'any';
  readonly bootstrap: JsonObject | null | 'any';
}

interface DeviationKind {
  readonly isRecorded: (expected: LaunchExpectation) => boolean;
  readonly wanted: (expected: LaunchExpectation) => WantedLaunch;
}

/** By what the reference does. */
const KINDS: Readonly<Record<string, DeviationKind>> = {
  /** A Go program ends with 2 after a panic. The same input starts Envoy here. */
  crashes: {
    isRecorded: ({ exitCode }) => exitCode === 2,
    wanted: ({ stderrContains: _, ...expected }) => ({
      ...expected,
      exitCode: 0,
      envoyArgv: 'any',
      bootstrap: 'any',
    }),
  },
  /** An Envoy that is missing or cannot be run is a start failure here, told before anything is written. */
  'ends well without having started Envoy': {
    isRecorded: ({ exitCode, envoyArgv, stoppedWith }) =>
      exitCode === 0 && envoyArgv === null && stoppedWith === undefined,
    wanted: ({ grpcBootstrap: _, ...expected }) => ({ ...expected, exitCode: 255 }),
  },
  /** It splices text. What it means is plain when a comma too many is all that is wrong. */
  'writes a bootstrap that is not JSON': {
    isRecorded: ({ bootstrapText }) => bootstrapText !== undefined,
    wanted: (expected) => {
      const repaired = parseJson(withoutTrailingCommas(expected.bootstrapText ?? ''));
      return { ...expected, bootstrap: isJsonObject(repaired) ? repaired : 'any' };
    },
  },
};

export function wantedLaunch({ deviation, expected }: LaunchCase): WantedLaunch {
  if (deviation === undefined) return expected;
  const kind = Object.values(KINDS).find(({ isRecorded }) => isRecorded(expected));
  return kind?.wanted(expected) ?? expected;
}

function withoutTrailingCommas(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, (found) => (found === ',' ? '' : found));
}
