import { equal } from 'node:assert/strict';

import { status } from '@grpc/grpc-js';

import { RpcError } from '../../../src/security/upstream/rpc-error.ts';

describe('RpcError', () => {
  it('does not repeat a token that the server quotes', () => {
    const details = 'cannot verify Bearer abcdefghijkl, nor eyJhbGciOiJIUzI1NiJ9.e30.c2ln';

    const { message, failureClass } = new RpcError({ code: status.UNAUTHENTICATED, details });

    equal(message, 'rpc error: code = Unauthenticated desc = cannot verify Bearer ***, nor ***');
    equal(failureClass, message);
  });

  it('says what a failed connection means, and where the trust anchors come from', () => {
    const details = 'Error: unable to verify the first certificate';

    const { message, failureClass } = new RpcError(
      { code: status.UNAVAILABLE, details },
      { rootName: 'a.pem' },
    );

    const hint = "the server's certificate is not signed by a root in a.pem";
    equal(message, `rpc error: code = Unavailable desc = ${details} (${hint})`);
    equal(failureClass, 'trust');
  });
});
