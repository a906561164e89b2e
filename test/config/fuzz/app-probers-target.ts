// Properties: whatever stands in ISTIO_KUBE_APP_PROBERS.

import { ok } from 'node:assert/strict';

import * as fc from 'fast-check';

import { parseAppProbers } from '../../../src/config/app-probers.ts';
import { fuzzTarget } from '../../support/fuzz.ts';
import { hostileJson, hostileJsonText, hostileText } from './hostile.ts';
import { readOrRefused } from './readings.ts';

const SECRET = 'q9Zt0pS3cr3t';

const path = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('/app-health/web/livez', '/app-lifecycle/a.b/prestopz') },
  hostileText,
  hostileText.map((text) => `/app-health/${text.replaceAll('/', '_') || 'a'}/livez`),
);

const header = fc.record(
  {
    name: fc.oneof(fc.constant('Authorization'), hostileText),
    value: fc.constantFrom(SECRET, [SECRET], { a: SECRET }),
  },
  { requiredKeys: ['value'] },
);

const action = fc.record(
  {
    port: fc.oneof({ weight: 4, arbitrary: fc.nat(70_000) }, hostileJson),
    path: fc.oneof({ weight: 4, arbitrary: hostileText }, hostileJson),
    httpHeaders: fc.oneof(
      { weight: 4, arbitrary: fc.array(header, { maxLength: 3 }) },
      header,
      fc.constant(SECRET),
    ),
    service: fc.oneof(hostileText, hostileJson),
  },
  { requiredKeys: [] },
);

const prober = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ httpGet: action, tcpSocket: action, gRPC: action }, { requiredKeys: [] }),
  },
  fc.record({ httpGet: fc.array(header, { maxLength: 2 }) }),
  hostileJson,
);

const probersText = fc.tuple(path, prober).map(([name, value]) => JSON.stringify({ [name]: value }));

/** The same, with a piece cut out or put in: what is left is seldom JSON. */
const brokenText = fc
  .tuple(probersText, fc.nat(), fc.nat(4), fc.oneof(hostileText, fc.constantFrom('"', '\\', '{', ',', ':')))
  .map(([text, at, cut, put]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + put + text.slice(start + cut);
  })
  .filter((text) => text.includes(SECRET));

const reads = fuzzTarget(
  'probers are read or refused',
  fc.oneof(probersText, brokenText, hostileJsonText, hostileText),
  async (text) => {
    await readOrRefused(() => parseAppProbers(text));
  },
);

const keepsSecrets = fuzzTarget(
  'no error about probers shows the value of a header',
  fc.oneof(probersText, brokenText),
  async (text) => {
    try {
      parseAppProbers(text);
    } catch (error) {
      ok(error instanceof Error && !error.message.includes(SECRET), String(error));
    }
  },
);

export const appProberTargets = [reads, keepsSecrets];
