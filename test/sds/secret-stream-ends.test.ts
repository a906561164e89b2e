// The numbers of the facts are those of the list of behaviours in the security specification.

import { deepEqual, equal, ok } from 'node:assert/strict';

import { status as Status } from '@grpc/grpc-js';

import { CLUSTER_TYPE } from '../../src/xds/type-urls.ts';
import { namesOf, Serving, until } from './serving.ts';

describe('the end of a SecretStream', () => {
  let serving: Serving;
  beforeEach(async () => {
    serving = await Serving.start();
  });
  afterEach(() => serving[Symbol.asyncDispose]());

  it('68: with the cause when a name cannot be given; once it can, a new stream is answered', async () => {
    const client = serving.connect();

    client.ask(['default', 'later']);
    const { code, details } = await client.status;
    serving.secrets.set({ kind: 'trust', name: 'later', rootPem: 'now' });
    const answer = await serving.connect().get('later');

    deepEqual([code, details], [Status.UNKNOWN, 'failed to generate secret for later: unknown resource']);
    deepEqual(namesOf(answer), ['later']);
    deepEqual(serving.counted, ['failed']);
    equal(serving.streams, 1);
    ok(serving.pushed.includes('later error'));
  });

  it('69: with the cause when a secret it watches is gone at a push', async () => {
    const client = serving.connect();
    await client.get('default');

    serving.secrets.lose('default');
    serving.secrets.announce('default');

    const { code, details } = await client.status;
    deepEqual([code, details], [Status.UNKNOWN, 'failed to generate secret for default: unknown resource']);
  });

  it('76: with INVALID_ARGUMENT without a node, and for another type', async () => {
    const [nameless, clusters] = [serving.connect(), serving.connect()];

    nameless.ask(['default'], { node: null });
    clusters.ask(['default'], { typeUrl: CLUSTER_TYPE });
    const ends = await Promise.all([nameless.status, clusters.status]);

    deepEqual(
      ends.map(({ code, details }) => [code, details]),
      [
        [Status.INVALID_ARGUMENT, 'missing node information'],
        [Status.INVALID_ARGUMENT, `unsupported type url ${CLUSTER_TYPE}`],
      ],
    );
  });

  it('without an error when the client cuts it', async () => {
    const client = serving.connect();
    await client.get('default');

    client.cut();
    await until(() => serving.streams === 0);

    deepEqual(serving.counted, []);
    deepEqual(serving.recorded.messages('error'), []);
    equal(serving.recorded.messages('info').at(-1), 'ADS: "" 1 terminated');
  });

  it('warned of once per secret and cause, however often it is asked for, and again after it could be given', async () => {
    const ask = async (): Promise<void> => {
      const client = serving.connect();
      client.ask(['default']);
      await Promise.race([client.status, client.responses.next()]);
    };
    const failure =
      'ADS: stream terminated with error: failed to generate secret for default: unknown resource';

    serving.secrets.lose('default');
    await ask();
    await ask();
    const warnings = serving.recorded.messages('warn');
    serving.secrets.setCertificate('2');
    await ask();
    serving.secrets.lose('default');
    await ask();

    deepEqual([warnings, serving.recorded.messages('error')], [[failure], []]);
    deepEqual(serving.recorded.messages('warn'), [failure, failure]);
  });

  describe('and the source', () => {
    it('is told when the last stream that watches a name unsubscribes, asks for others or ends', async () => {
      const [one, two] = [serving.connect(), serving.connect()];
      const first = await one.get('default', 'ROOTCA');
      await two.get('default');
      const { released } = serving.secrets;

      one.accept(first, ['ROOTCA', 'default']);
      await one.get('ROOTCA');
      deepEqual(released, []); // the other one still watches it
      two.cut();
      await until(() => released.length >= 1);
      one.accept(first, []);
      await one.get('ROOTCA');
      one.cut();
      await until(() => released.length >= 2);

      deepEqual(released, ['default', 'ROOTCA']);
    });

    it('is told of a name that could not be given, too', async () => {
      const client = serving.connect();

      client.ask(['foo']);
      await client.status;

      await until(() => serving.secrets.released.length >= 1);
      deepEqual(serving.secrets.released, ['foo']);
    });
  });
});
