import { equal } from 'node:assert/strict';

import { status as Status } from '@grpc/grpc-js';

import { codeOf, isNormalEnd, SecretNotGiven, StreamFailure, StreamOver } from '../../src/sds/stream-end.ts';

describe('isNormalEnd', () => {
  for (const error of [
    new StreamOver('the client asks no more'),
    new StreamFailure(Status.CANCELLED, 'context canceled'),
    new StreamFailure(Status.DEADLINE_EXCEEDED, 'too late'),
    new StreamFailure(Status.UNAVAILABLE, 'client disconnected'),
    new StreamFailure(Status.UNAVAILABLE, 'error reading from server: EOF'),
    new StreamFailure(Status.UNAVAILABLE, 'the transport is closing now'),
  ]) {
    it(`takes "${error.message}" as it comes`, () => {
      equal(isNormalEnd(error), true);
    });
  }

  for (const error of [
    new StreamFailure(Status.UNAVAILABLE, 'no such host'),
    new StreamFailure(Status.INTERNAL, 'client disconnected'),
    new SecretNotGiven('default', new Error('transport is closing')),
    Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    'a text',
  ]) {
    it(`sees a failure in ${JSON.stringify(error)} (${String(error)})`, () => {
      equal(isNormalEnd(error), false);
    });
  }
});

describe('codeOf', () => {
  it('is the code the error carries, and INTERNAL for what is none of gRPC', () => {
    equal(codeOf(new SecretNotGiven('a', new Error('b'))), Status.UNKNOWN);
    equal(codeOf(Object.assign(new Error('a'), { code: 'ENOENT' })), Status.INTERNAL);
    equal(codeOf(Object.assign(new Error('a'), { code: 4711 })), Status.INTERNAL);
    equal(codeOf('a text'), Status.INTERNAL);
  });
});
