import { deepEqual, equal, throws } from 'node:assert/strict';

import * as fc from 'fast-check';

import { ProbeError } from '../../../src/status/probes/probe.ts';
import { checkAnswer, checkRequest } from '../../../src/status/probes/grpc-health.ts';

function framed(...message: readonly number[]): Buffer {
  return Buffer.of(0, 0, 0, 0, message.length, ...message);
}

describe('checkRequest', () => {
  it('is an empty message for the server as a whole', () => {
    deepEqual(checkRequest(''), Buffer.of(0, 0, 0, 0, 0));
  });

  it('names the service in field 1', () => {
    deepEqual(checkRequest('äb'), Buffer.of(0, 0, 0, 0, 5, 0x0a, 3, 0xc3, 0xa4, 0x62));
  });

  it('bears a name of any length', () => {
    const request = checkRequest('x'.repeat(300));

    equal(request.readUInt32BE(1), 303);
    deepEqual(request.subarray(5, 8), Buffer.of(0x0a, 0xac, 0x02));
  });
});

describe('checkAnswer', () => {
  for (const [status, bytes] of [
    ['UNKNOWN', []],
    ['UNKNOWN', [8, 0]],
    ['SERVING', [8, 1]],
    ['NOT_SERVING', [8, 2]],
    ['SERVICE_UNKNOWN', [8, 3]],
    ['7', [8, 7]],
    ['SERVING', [8, 2, 8, 1]],
    ['SERVING', [0x12, 2, 8, 2, 8, 1, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x28, 0x80, 1]],
  ] as const) {
    it(`is ${status} for ${bytes.length === 0 ? 'nothing' : bytes.join(' ')}`, () => {
      equal(checkAnswer(framed(...bytes)), status);
    });
  }

  for (const [why, body] of [
    ['no message', Buffer.of()],
    ['half a header', Buffer.of(0, 0, 0)],
    ['a compressed message', Buffer.of(1, 0, 0, 0, 2, 8, 1)],
    ['half a message', Buffer.of(0, 0, 0, 0, 3, 8, 1)],
    ['two messages', Buffer.concat([framed(8, 1), framed(8, 1)])],
    ['a status that does not end', framed(8, 0xff)],
    ['a number of more than ten bytes', framed(8, ...Array.from({ length: 11 }, () => 0x80), 1)],
    ['a field that runs past the end', framed(0x12, 9, 1)],
    ['a group', framed(0x13, 0x14)],
  ] as const) {
    it(`refuses ${why}`, () => throws(() => checkAnswer(body), ProbeError));
  }

  it('reads or refuses whatever comes', () => {
    const body = fc.uint8Array({ maxLength: 40 }).map((bytes) => framed(...bytes));
    const refuses = (bytes: Buffer): void => {
      try {
        checkAnswer(bytes);
      } catch (error) {
        if (!(error instanceof ProbeError)) throw error;
      }
    };

    fc.assert(fc.property(body, refuses), { numRuns: 2000 });
  });
});
