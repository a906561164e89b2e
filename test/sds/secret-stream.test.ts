// The numbers of the facts are those of the list of behaviours in the security specification.

import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';

import { status as Status } from '@grpc/grpc-js';

import { HEALTH_TYPE, SECRET_TYPE } from '../../src/xds/type-urls.ts';
import { NODE_ID } from './sds-client.ts';
import { chainOf, namesOf, Serving, until } from './serving.ts';

describe('SecretStream', () => {
  let serving: Serving;
  beforeEach(async () => {
    serving = await Serving.start();
  });
  afterEach(() => serving[Symbol.asyncDispose]());

  describe('a request', () => {
    it('is answered with all names it asks for in one response, bytes inline', async () => {
      const { secrets, nonce, version, typeUrl } = await serving.connect().get('default', 'ROOTCA');

      deepEqual(secrets, [
        {
          name: 'default',
          tlsCertificate: {
            certificateChain: { inlineBytes: Buffer.from('chain 1') },
            privateKey: { inlineBytes: Buffer.from('PRIVATE KEY 1') },
            privateKeyProvider: null,
          },
        },
        {
          name: 'ROOTCA',
          validationContext: { trustedCa: { inlineBytes: Buffer.from('root 1') }, crl: null },
        },
      ]);
      match(nonce, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      match(version, /^2026-01-01T00:00:00.*Z\/1$/);
      equal(typeUrl, SECRET_TYPE);
      deepEqual(serving.pushed, ['default success', 'ROOTCA success']);
    });

    it('63: gets the pair, then only the root that the ACK adds, then silence', async () => {
      const client = serving.connect();

      const first = await client.get('default');
      client.accept(first, ['default', 'ROOTCA']);
      const second = await client.responses.next();
      client.accept(second, ['default', 'ROOTCA']);
      const third = await client.get('ROOTCA'); // asked anew: what the ACK might have caused came before

      deepEqual([first, second, third].map(namesOf), [['default'], ['ROOTCA'], ['ROOTCA']]);
      notEqual(first.nonce, second.nonce);
      equal(client.responses.size, 0);
    });

    it('64: for the root, then for the pair, without a nonce: each is answered', async () => {
      const client = serving.connect();

      const root = await client.get('ROOTCA');
      const pair = await client.get('default');

      deepEqual([root, pair].map(namesOf), [['ROOTCA'], ['default']]);
    });

    it('65: for the root twice without a nonce is answered twice', async () => {
      const client = serving.connect();

      client.ask(['ROOTCA']);
      client.ask(['ROOTCA']);

      deepEqual((await client.responses.take(2)).map(namesOf), [['ROOTCA'], ['ROOTCA']]);
    });

    it('70: with nonce and version of an earlier stream is answered in full, the earlier one open or not', async () => {
      const earlier = serving.connect();
      const { nonce, version } = await earlier.get('default', 'ROOTCA');
      const again = { responseNonce: nonce, versionInfo: version };

      const beside = serving.connect();
      beside.ask(['default', 'ROOTCA'], again);
      const whileOpen = await beside.responses.next();
      earlier.cut();
      await earlier.status;
      const after = serving.connect();
      after.ask(['default', 'ROOTCA'], again);
      const whileClosed = await after.responses.next();

      deepEqual(namesOf(whileOpen), ['default', 'ROOTCA']);
      deepEqual(namesOf(whileClosed), ['default', 'ROOTCA']);
    });

    it('72: without names ends the subscription: no response, no later push', async () => {
      const client = serving.connect();
      const first = await client.get('default');

      client.accept(first, []);
      await client.get('ROOTCA');
      serving.secrets.announce('default');
      serving.secrets.announce('ROOTCA');

      deepEqual(namesOf(await client.responses.next()), ['ROOTCA']);
      equal(client.responses.size, 0);
    });

    it('73: that refuses a response gets none, is counted and told, and watches on', async () => {
      const client = serving.connect();
      const { nonce } = await client.get('default');

      const errorDetail = { code: 13, message: 'bad key' };
      client.ask(['ROOTCA'], { responseNonce: nonce, errorDetail, node: null });
      client.ask([], { typeUrl: SECRET_TYPE, responseNonce: 'other', errorDetail, node: null });
      await until(() => serving.counted.length >= 2);
      serving.secrets.announce('default');

      deepEqual(namesOf(await client.responses.next()), ['default']);
      deepEqual(serving.counted, ['rejected Internal', 'rejected Internal']);
      equal(serving.recorded.messages('warn')[0], `ADS:SDS: ACK ERROR ${NODE_ID}-1 13:bad key`);
    });

    it('74: that answers a response already replaced gets none', async () => {
      const client = serving.connect();
      const first = await client.get('default');
      await client.get('default');

      client.accept(first, ['default', 'ROOTCA']);
      const next = await client.get('default');

      deepEqual(namesOf(next), ['default']);
      deepEqual(serving.counted, ['stale']);
    });

    it('may ask for a thousand names, none longer than those of two files', async () => {
      const many = Array.from({ length: 1001 }, (_, i) => `${i}`);
      const cases: [names: string[], details: string][] = [
        [many, '1001 resource names in one request, 1000 are allowed'],
        [['x'.repeat(8301)], 'a resource name of 8301 characters, 8300 are allowed'],
        [many.slice(1), 'failed to generate secret for 1: unknown resource'],
        [['x'.repeat(8300)], `failed to generate secret for ${'x'.repeat(8300)}: unknown resource`],
      ];

      for (const [names, details] of cases) {
        const client = serving.connect();
        client.ask(names);

        equal((await client.status).details, details);
      }
    });

    it('takes an empty type for secrets and is answered before an early half-close ends it with OK', async () => {
      const client = serving.connect();

      client.ask(['default'], { typeUrl: '' });
      client.halfClose();

      deepEqual(namesOf(await client.responses.next()), ['default']);
      equal((await client.status).code, Status.OK);
      deepEqual(serving.counted, []);
    });

    it('may follow a health message', async () => {
      const client = serving.connect();

      client.ask([], { typeUrl: HEALTH_TYPE, node: null });

      deepEqual(namesOf(await client.get('default')), ['default']);
    });
  });

  describe('a push', () => {
    it('66, 71: streams side by side and one after another get their own, alike when they ask alike', async () => {
      const [pair, root, twin] = [serving.connect(), serving.connect(), serving.connect()];

      const answers = await Promise.all([pair.get('default'), root.get('ROOTCA'), twin.get('default')]);
      const later = await serving.connect().get('ROOTCA');

      deepEqual([...answers, later].map(namesOf), [['default'], ['ROOTCA'], ['default'], ['ROOTCA']]);
      equal(pair.responses.size + root.responses.size + twin.responses.size, 0);
      equal(serving.streams, 4);
    });

    it('67: reaches the streams that watch the name, alone, and no other', async () => {
      const [pair, root, both] = [serving.connect(), serving.connect(), serving.connect()];
      await Promise.all([pair.get('default'), root.get('ROOTCA'), both.get('default', 'ROOTCA')]);

      serving.secrets.setRoot('2');
      serving.secrets.announce('ROOTCA');
      const pushes = await Promise.all([root, both].map((client) => client.responses.next()));
      serving.secrets.announce('default');
      const last = await Promise.all([pair, both].map((client) => client.responses.next()));

      deepEqual(pushes.map(namesOf), [['ROOTCA'], ['ROOTCA']]);
      deepEqual(last.map(namesOf), [['default'], ['default']]);
      equal(pair.responses.size + root.responses.size + both.responses.size, 0);
    });

    it('does not wait for the answer to the one before', async () => {
      const client = serving.connect();
      await client.get('default');

      for (const mark of ['2', '3']) {
        serving.secrets.setCertificate(mark);
        serving.secrets.announce('default');
        equal(chainOf(await client.responses.next()), `chain ${mark}`);
      }
    });

    it('is one for several changes that come while the stream is busy', async () => {
      const client = serving.connect();
      const { promise, resolve } = Promise.withResolvers<void>();
      serving.secrets.ready = promise;
      client.ask(['default']);
      await until(() => serving.secrets.asked.length > 0);

      serving.secrets.announce('default');
      serving.secrets.announce('default');
      serving.secrets.setCertificate('2');
      resolve();
      await client.responses.take(2);
      await client.get('ROOTCA');

      deepEqual(serving.secrets.asked, ['default', 'default', 'ROOTCA']);
    });

    it('is not sent beside the answer to a request for the same name', async () => {
      const client = serving.connect();
      const root = await client.get('default', 'ROOTCA');
      const { promise, resolve } = Promise.withResolvers<void>();
      serving.secrets.ready = promise;
      serving.secrets.announce('ROOTCA');
      await until(() => serving.secrets.asked.length >= 3);

      serving.secrets.announce('default'); // has to wait, as the request after it does, which goes first
      const { sent } = client;
      client.ask(['default', 'ROOTCA'], { responseNonce: '', versionInfo: root.version, node: null });
      await until(() => client.sent > sent);
      for (let turns = 0; turns < 20; turns += 1) await turn();
      resolve();
      const [push, answer] = await client.responses.take(2);
      const last = await client.get('ROOTCA');

      deepEqual(
        [push, answer, last].map((response) => response && namesOf(response)),
        [['ROOTCA'], ['default', 'ROOTCA'], ['ROOTCA']],
      );
    });
  });
});
