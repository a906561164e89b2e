import { deepEqual, doesNotMatch, equal } from 'node:assert/strict';

import { lineLog } from '../../src/runtime/log-settings.ts';
import type { Log } from '../../src/runtime/log.ts';
import { plainLog } from '../../src/runtime/plain-log.ts';
import { maskShapes } from '../../src/runtime/redaction.ts';

const KEY = '-----BEGIN RSA PRIVATE KEY-----\nMIIEsecret\n-----END RSA PRIVATE KEY-----';
const TOKEN = 'Bearer abcdef.secret';

describe('maskShapes', () => {
  it('leaves names and what follows them', () => {
    equal(maskShapes('accessToken: Bearer abcdefgh is no text'), 'accessToken: Bearer *** is no text');
  });

  it('leaves certificates', () => {
    const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';

    equal(maskShapes(`${certificate}\n${KEY}`), `${certificate}\n***`);
  });
});

describe('the lines of a log', () => {
  const settings = { levels: new Map(), stackLevels: new Map(), callers: new Set<string>() };
  const logs: readonly (readonly [string, (write: (line: string) => void) => Log])[] = [
    ['a plain log', plainLog],
    ['a console log', (write) => lineLog({ ...settings, json: false }, write)],
    ['a JSON log', (write) => lineLog({ ...settings, json: true }, write)],
    [
      'a log with stacks',
      (write) => lineLog({ ...settings, json: false, stackLevels: new Map([['ca', 'error']]) }, write),
    ],
  ];
  for (const [name, open] of logs) {
    it(`of ${name} show neither keys nor tokens, in no part`, () => {
      const lines: string[] = [];
      const log = open((line) => lines.push(line)).child('ca');

      log.error(`cannot use ${KEY} of the file`, { header: `authorization: ${TOKEN}`, attempt: 1 });
      log.info(`sent ${TOKEN}`, { key: KEY.slice(0, 40) });

      equal(lines.length, 2);
      doesNotMatch(lines.join('\n'), /secret|MIIE|PRIVATE KEY/);
      equal(lines.filter((line) => /cannot use \*\*\* of the file|sent Bearer \*\*\*/.test(line)).length, 2);
    });
  }

  it('stay JSON where a key is cut off', () => {
    const lines: string[] = [];

    lineLog({ ...settings, json: true }, (line) => lines.push(line)).warn(KEY.slice(0, 45), { n: 1 });

    const { msg, n } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    deepEqual([msg, n], ['***', 1]);
  });
});
