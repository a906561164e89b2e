import { deepEqual, equal, match, notEqual, rejects } from 'node:assert/strict';
import { access, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { status as Status } from '@grpc/grpc-js';

import { loadMessages, type Secret } from '../../src/proto/messages.ts';
import { SdsServer, type SdsServerDeps } from '../../src/sds/server.ts';
import { CLUSTER_TYPE, HEALTH_TYPE, SECRET_TYPE } from '../../src/xds/type-urls.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog, type RecordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { FakeSecrets } from './fake-secrets.ts';
import { SdsClient } from './sds-client.ts';

describe('SdsServer', () => {
  const messages = loadMessages();
  let directory: TemporaryDirectory;
  let socketPath: string;
  let secrets: FakeSecrets;
  let log: RecordingLog;
  let clock: FakeClock;
  let counted: string[];
  let server: SdsServer;
  let clients: SdsClient[];
  beforeEach(async () => {
    directory = await temporaryDirectory();
    socketPath = join(directory.path, 'workload-spiffe-uds/socket');
    secrets = new FakeSecrets();
    log = recordingLog();
    clock = new FakeClock();
    counted = [];
    clients = [];
    server = await SdsServer.start(deps());
  });
  afterEach(async () => {
    for (const client of clients) client.cut();
    await server.close();
    await directory.remove();
  });

  const deps = (overrides: Partial<SdsServerDeps> = {}): SdsServerDeps => ({
    socketPath,
    filesOnly: false,
    source: secrets,
    messages: async () => messages,
    clock,
    log: log.log,
    metrics: {
      rejected: (reason) => void counted.push(`rejected ${reason}`),
      staleNonce: () => void counted.push('stale'),
      failed: () => void counted.push('failed'),
    },
    ...overrides,
  });
  const connect = (method?: string): SdsClient => {
    const client = new SdsClient(socketPath, method);
    clients.push(client);
    return client;
  };
  const names = (found: readonly Secret[]): string[] => found.map(({ name }) => name);
  const chainOf = ([secret]: readonly Secret[]): string => {
    const bytes = secret?.tlsCertificate?.certificateChain.inlineBytes;
    return Buffer.from(bytes ?? []).toString();
  };

  describe('the socket', () => {
    it('is open to every user', async () => {
      equal((await stat(socketPath)).mode & 0o777, 0o666);
      equal(server.listening, true);
      equal(
        log.messages('info')[0],
        `Starting SDS server for workload certificates, will listen on "${socketPath}"`,
      );
    });

    it('is gone after the close, together with the streams and the subscription', async () => {
      const client = connect();
      client.ask(['default']);
      await client.responses.next();

      await server.close();
      await server.close();

      await client.status;
      await rejects(access(socketPath), { code: 'ENOENT' });
      equal(secrets.listenerCount, 0);
    });

    it('is tried again with growing waits, said why once, then given up', async () => {
      const blocked = join(directory.path, 'blocked');
      await mkdir(join(blocked, 'inside'), { recursive: true });

      await using given = await SdsServer.start(deps({ socketPath: blocked }));
      for (const seconds of [1, 2, 4, 8, 16]) {
        while (clock.sleepers === 0) await turn();
        equal(log.messages('warn').length, 1);
        await clock.tick(seconds * 1000);
      }
      while (log.messages('warn').length < 2) await turn();

      equal(given.listening, false);
      match(log.messages('warn')[0] ?? '', /^SDS grpc server could not be started, trying again: .*blocked/);
      match(log.messages('warn')[1] ?? '', /^SDS grpc server was not started: .*blocked/);
    });

    it('opens at a later try when what was in the way has gone', async () => {
      const path = join(directory.path, 'parent/socket');
      await writeFile(dirname(path), 'a file where the folder should be');

      await using given = await SdsServer.start(deps({ socketPath: path }));
      while (clock.sleepers === 0) await turn();
      equal(given.listening, false);
      await rm(dirname(path));
      await clock.tick(1000);
      while (!given.listening) await turn();

      await access(path);
    });

    it('is not tried any more after it was closed', async () => {
      const blocked = join(directory.path, 'blocked');
      await mkdir(join(blocked, 'inside'), { recursive: true });
      const given = await SdsServer.start(deps({ socketPath: blocked }));
      while (clock.sleepers === 0) await turn();

      await given.close();

      deepEqual([clock.sleepers, log.messages('warn').length], [0, 1]);
    });
  });

  describe('a stream', () => {
    it('is given all names it asks for in one response, bytes inline', async () => {
      const client = connect();

      client.ask(['default', 'ROOTCA']);
      const { secrets: found, nonce, version, typeUrl } = await client.responses.next();

      deepEqual(found, [
        {
          name: 'default',
          tlsCertificate: {
            certificateChain: { inlineBytes: Buffer.from('chain 1') },
            privateKey: { inlineBytes: Buffer.from('PRIVATE KEY 1') },
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
    });

    it('is sent only the names its ACK adds, and nothing when it adds none', async () => {
      const client = connect();
      client.ask(['default']);
      const first = await client.responses.next();

      client.ask(['default', 'ROOTCA'], { responseNonce: first.nonce, node: null });
      const second = await client.responses.next();
      client.ask(['default', 'ROOTCA'], { responseNonce: second.nonce, node: null });
      client.ask(['ROOTCA'], { node: null }); // without nonce: asked anew, so it is answered
      const third = await client.responses.next();

      deepEqual(
        [first, second, third].map((it) => names(it.secrets)),
        [['default'], ['ROOTCA'], ['ROOTCA']],
      );
      notEqual(first.nonce, second.nonce);
      equal(client.responses.size, 0);
    });

    it('is pushed a changed secret it watches, alone, and no other', async () => {
      const client = connect();
      client.ask(['default']);
      await client.responses.next();

      secrets.setRoot('2');
      secrets.announce('ROOTCA');
      secrets.setCertificate('2');
      secrets.announce('default');
      const push = await client.responses.next();

      deepEqual(names(push.secrets), ['default']);
      equal(chainOf(push.secrets), 'chain 2');
      deepEqual(secrets.asked, ['default', 'default']);
    });

    it('is pushed a new value without having accepted the one before', async () => {
      const client = connect();
      client.ask(['default']);
      await client.responses.next();

      for (const mark of ['2', '3']) {
        secrets.setCertificate(mark);
        secrets.announce('default');
        equal(chainOf((await client.responses.next()).secrets), `chain ${mark}`);
      }
    });

    it('gets one response for several changes that come while it is busy', async () => {
      const client = connect();
      const { promise, resolve } = Promise.withResolvers<void>();
      secrets.ready = promise;
      client.ask(['default']);
      while (secrets.asked.length === 0) await turn();

      secrets.announce('default');
      secrets.announce('default');
      secrets.setCertificate('2');
      resolve();
      await client.responses.next();
      await client.responses.next();
      client.ask(['ROOTCA'], { node: null });
      const last = await client.responses.next();

      deepEqual(names(last.secrets), ['ROOTCA']);
      deepEqual(secrets.asked, ['default', 'default', 'ROOTCA']);
    });

    it('gets no answer to a refusal, a stale nonce or an unsubscription', async () => {
      const client = connect();
      client.ask(['default']);
      const { nonce } = await client.responses.next();

      const errorDetail = { code: 13, message: 'bad key' };
      client.ask(['default'], { responseNonce: nonce, errorDetail, node: null });
      client.ask(['default'], { responseNonce: 'older', node: null });
      client.ask([], { responseNonce: nonce, node: null });
      client.ask(['ROOTCA'], { node: null });
      const next = await client.responses.next();
      secrets.announce('default');
      secrets.announce('ROOTCA');
      const push = await client.responses.next();

      deepEqual([...names(next.secrets), ...names(push.secrets)], ['ROOTCA', 'ROOTCA']);
      deepEqual(counted, ['rejected 13:bad key', 'stale']);
      deepEqual(log.messages('warn'), [
        'ADS:SDS: ACK ERROR sidecar~10.0.0.1~a.b~b.svc.cluster.local-1 13:bad key',
      ]);
    });

    it('is answered in full when it opens with the nonce of an earlier stream', async () => {
      const client = connect();

      client.ask(['default', 'ROOTCA'], { responseNonce: 'of an earlier stream', versionInfo: 'old' });

      deepEqual(names((await client.responses.next()).secrets), ['default', 'ROOTCA']);
    });

    it('is served beside others, each its own names and pushes', async () => {
      const [certificates, roots, both] = [connect(), connect(), connect()];
      certificates.ask(['default']);
      roots.ask(['ROOTCA']);
      both.ask(['default', 'ROOTCA']);
      await Promise.all([certificates, roots, both].map((client) => client.responses.next()));

      secrets.setRoot('2');
      secrets.announce('ROOTCA');
      const pushes = await Promise.all([roots, both].map((client) => client.responses.next()));
      certificates.cut();
      secrets.announce('default');
      const last = await both.responses.next();

      deepEqual(
        pushes.map((push) => names(push.secrets)),
        [['ROOTCA'], ['ROOTCA']],
      );
      deepEqual(names(last.secrets), ['default']);
      equal(certificates.responses.size + roots.responses.size, 0);
    });

    it('takes an empty type for secrets and answers before an early half-close ends it with OK', async () => {
      const client = connect();

      client.ask(['default'], { typeUrl: '' });
      client.halfClose();

      deepEqual(names((await client.responses.next()).secrets), ['default']);
      equal((await client.status).code, Status.OK);
      deepEqual(counted, []);
    });

    it('passes over a health message before its first request', async () => {
      const client = connect();

      client.ask([], { typeUrl: HEALTH_TYPE, node: null });
      client.ask(['default']);

      deepEqual(names((await client.responses.next()).secrets), ['default']);
    });
  });

  describe('a stream ends with', () => {
    it('UNKNOWN and the cause when a name cannot be given; a later stream works', async () => {
      const client = connect();

      client.ask(['default', 'foo']);
      const { code, details } = await client.status;
      const later = connect();
      later.ask(['default']);
      await later.responses.next();

      deepEqual([code, details], [Status.UNKNOWN, 'failed to generate secret for foo: unknown resource']);
      deepEqual(counted, ['failed']);
    });

    it('UNKNOWN when a secret it watches is gone at a push', async () => {
      const client = connect();
      client.ask(['default']);
      await client.responses.next();

      secrets.lose('default');
      secrets.announce('default');

      match((await client.status).details, /^failed to generate secret for default: /);
    });

    it('INVALID_ARGUMENT without a node, or for another type', async () => {
      const [nameless, clusters] = [connect(), connect()];

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

    it('UNIMPLEMENTED for the methods Envoy does not use', async () => {
      const ends = await Promise.all(
        ['DeltaSecrets', 'FetchSecrets'].map((method) => {
          const client = connect(method);
          client.ask(['default']);
          client.halfClose();
          return client.status;
        }),
      );

      deepEqual(
        ends.map(({ code, details }) => [code, details]),
        [
          [Status.UNIMPLEMENTED, 'DeltaSecrets not implemented'],
          [Status.UNIMPLEMENTED, 'FetchSecrets not implemented'],
        ],
      );
    });
  });

  it('warns of a secret it cannot give once, however often it is asked for, and again after it could', async () => {
    const ask = async (): Promise<void> => {
      const client = connect();
      client.ask(['default']);
      await Promise.race([client.status, client.responses.next()]);
    };
    const failure =
      'ADS: stream terminated with error: failed to generate secret for default: unknown resource';

    secrets.lose('default');
    await ask();
    await ask();

    deepEqual([log.messages('warn'), log.messages('error')], [[failure], []]);

    secrets.setCertificate('2');
    await ask();
    secrets.lose('default');
    await ask();

    deepEqual(log.messages('warn'), [failure, failure]);
  });

  it('writes no key into its log', async () => {
    const client = connect();
    client.ask(['default']);
    await client.responses.next();

    equal(JSON.stringify(log.records).includes('PRIVATE KEY'), false);
  });
});
