import { equal } from 'node:assert/strict';

import { status as Status } from '@grpc/grpc-js';

import { classifyEnding, type EndingClass } from '../../src/xds-proxy/endings.ts';

describe('classifyEnding', () => {
  const cases: readonly (readonly [Status, string, EndingClass])[] = [
    [Status.OK, 'OK', 'graceful'],
    [Status.CANCELLED, 'whatever', 'expected'],
    [Status.DEADLINE_EXCEEDED, 'whatever', 'expected'],
    [Status.UNAVAILABLE, 'the client disconnected early', 'expected'],
    [Status.UNAVAILABLE, 'rpc: error reading from server: EOF', 'expected'],
    [Status.UNAVAILABLE, 'transport is closing', 'expected'],
    [Status.UNAVAILABLE, 'Connection dropped', 'expected'],
    [Status.INTERNAL, 'Received RST_STREAM with code 0 (Call ended without gRPC status)', 'expected'],
    [Status.INTERNAL, 'stream terminated by RST_STREAM with error code: NO_ERROR', 'expected'],
    [Status.UNAVAILABLE, 'received prior goaway: code: NO_ERROR', 'expected'],
    [Status.UNAVAILABLE, 'No connection established. Last error: connect ECONNREFUSED', 'unexpected'],
    [Status.INTERNAL, 'Connection dropped', 'unexpected'],
    [Status.INTERNAL, 'Received RST_STREAM with code 2', 'unexpected'],
    [Status.UNAUTHENTICATED, 'authentication failure', 'unexpected'],
    [Status.RESOURCE_EXHAUSTED, 'request rate limit exceeded', 'unexpected'],
  ];

  for (const [code, details, expected] of cases) {
    it(`takes ${Status[code]} "${details}" as ${expected}`, () => {
      equal(classifyEnding(code, details), expected);
    });
  }
});
