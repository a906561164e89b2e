import { equal } from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

import type { ServerDuplexStream } from '@grpc/grpc-js';

import { loadMessages } from '../../src/proto/messages.ts';
import { SecretFaults } from '../../src/sds/secret-faults.ts';
import { SecretStream } from '../../src/sds/secret-stream.ts';
import { Subscriptions } from '../../src/sds/subscriptions.ts';
import { recordingLog } from '../support/recording-log.ts';
import { FakeSecrets } from './fake-secrets.ts';

const REQUESTS = 1000;

describe('a client that asks without end', () => {
  it('is listened to as far as it can be answered, and to its end', async () => {
    const messages = loadMessages();
    const secrets = new FakeSecrets();
    const { promise, resolve } = Promise.withResolvers<void>();
    secrets.ready = promise;
    const request = messages.discoveryRequest.encode({
      versionInfo: '',
      typeUrl: '',
      responseNonce: '',
      node: { id: 'a', cluster: 'a' },
      resourceNames: ['default'],
    });
    let asked = 0;
    let answered = 0;
    const call = new Duplex({
      objectMode: true,
      read() {
        asked += 1;
        setImmediate(() => this.push(asked <= REQUESTS ? request : null));
      },
      write(_chunk, _encoding, done) {
        answered += 1;
        done();
      },
    });
    const { log } = recordingLog();
    const stream = new SecretStream({
      call: call as unknown as ServerDuplexStream<Buffer, Buffer>,
      id: 1,
      source: secrets,
      keyProvider: undefined,
      messages: async () => messages,
      nextVersion: () => '1',
      log,
      faults: new SecretFaults(log),
      subscriptions: new Subscriptions(() => undefined),
      metrics: {
        opened: () => undefined,
        ended: () => undefined,
        pushed: () => undefined,
        rejected: () => undefined,
        staleNonce: () => undefined,
        failed: () => undefined,
      },
    });

    const served = stream.serve();
    for (let turns = 0; turns < 2 * REQUESTS; turns += 1) await turn();
    const taken = asked;
    resolve();
    await served;

    equal(taken < 50, true, `${taken} requests are kept`);
    equal(answered, REQUESTS);
  });
});
