// The numbers of the facts are those of the list of behaviours in the security specification.

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { access, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { status as Status } from '@grpc/grpc-js';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import { chainOf, Serving } from './serving.ts';

const BIG = 'x'.repeat(200_000);

describe('SdsServer', () => {
  it('78: opens its socket to every user, makes the directory 0750 and replaces what a server left', async () => {
    await using directory = await temporaryDirectory();
    const socketPath = join(directory.path, 'made/socket');
    await mkdir(dirname(socketPath));
    await writeFile(socketPath, 'stale');

    await using serving = await Serving.start({ socketPath });
    await using other = await Serving.start();

    equal((await stat(socketPath)).isSocket(), true);
    equal((await stat(socketPath)).mode & 0o777, 0o666);
    equal((await stat(dirname(other.socketPath))).mode & 0o777, 0o750);
    equal(
      serving.recorded.messages('info')[0],
      `Starting SDS server for workload certificates, will listen on "${socketPath}"`,
    );
  });

  it('gives its socket the mode and the group it is told', async () => {
    const socketGid = process.geteuid?.() === 0 ? 4711 : process.getegid?.(); // only root gives files away

    await using serving = await Serving.start({ socketMode: 0o660, socketGid });

    const { mode, gid } = await stat(serving.socketPath);
    deepEqual([mode & 0o777, gid], [0o660, socketGid]);
  });

  it('says that it serves files only', async () => {
    await using serving = await Serving.start({ filesOnly: true });

    match(
      serving.recorded.messages('info')[0] ?? '',
      /^Starting SDS server for file certificates only, will/,
    );
  });

  it('says why a path that no socket can have cannot be served', async () => {
    await using directory = await temporaryDirectory();

    await using serving = await Serving.start({ socketPath: join(directory.path, 'x'.repeat(107)) });

    equal(serving.server.listening, false);
    match(serving.recorded.messages('warn')[0] ?? '', /the path has \d+ bytes, a socket allows 107$/);
  });

  it('ends its streams, its subscription and its socket at the close', async () => {
    await using serving = await Serving.start();
    const client = serving.connect();
    await client.get('default');

    await serving.server.close();
    await serving.server.close();

    await client.status;
    await rejects(access(serving.socketPath), { code: 'ENOENT' });
    deepEqual([serving.secrets.listenerCount, serving.streams], [0, 0]);
    deepEqual(serving.secrets.released, ['default']);
  });

  it('77: leaves DeltaSecrets and FetchSecrets unimplemented', async () => {
    await using serving = await Serving.start();

    const ends = await Promise.all(
      ['DeltaSecrets', 'FetchSecrets'].map((method) => {
        const client = serving.connect(method);
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

  it('75: puts keys into the configuration of the provider it is told of, those of files too', async () => {
    const pollDelay = { seconds: 0, nanos: 10_000_000 };
    await using serving = await Serving.start({
      keyProvider: { name: 'cryptomb', pollDelay, fallback: true },
    });
    const name = 'file-cert:/c~/k';
    serving.secrets.set({ kind: 'certificate', name, certificateChainPem: 'C', privateKeyPem: 'K' });

    const { secrets } = await serving.connect().get('default', name);

    for (const { tlsCertificate } of secrets) {
      equal(tlsCertificate?.privateKey, null);
      deepEqual(
        [tlsCertificate.privateKeyProvider?.providerName, tlsCertificate.privateKeyProvider?.fallback],
        ['cryptomb', true],
      );
    }
    equal(secrets.length, 2);
  });

  it('79: sends the name of the revocation list with the anchors it belongs to, and none without one', async () => {
    await using serving = await Serving.start();
    const client = serving.connect();
    const without = await client.get('ROOTCA');

    serving.secrets.setRoot('1', '/crl/ca-crl.pem');
    serving.secrets.announce('ROOTCA');
    const withList = await client.responses.next();

    const lists = [without, withList].map(({ secrets }) => secrets[0]?.validationContext?.crl);
    deepEqual(lists, [null, { filename: '/crl/ca-crl.pem' }]);
  });

  it('serves everybody while a client does not read, and gives that one the newest when it does', async () => {
    await using serving = await Serving.start();
    const [fast, slow] = [serving.connect(), serving.connect()];
    await Promise.all([fast.get('default'), slow.get('default')]);
    slow.pause();

    for (let mark = 1; mark <= 60; mark += 1) {
      serving.secrets.setCertificate(`${mark} ${BIG}`);
      serving.secrets.announce('default');
      await fast.responses.next();
    }
    const madeForSlow = serving.secrets.asked.length - 2 - 60;
    slow.resume();
    let last = '';
    let received = 0;
    for (; last !== `chain 60 ${BIG}`; received += 1) last = chainOf(await slow.responses.next());

    // what the client's own library reads ahead, and not one for each of the changes
    equal(madeForSlow < 30, true, `${madeForSlow} responses were made for a client that does not read`);
    equal(received < 30, true);
    equal(slow.responses.size, 0);
  });

  it('writes no key into its log', async () => {
    await using serving = await Serving.start();

    await serving.connect().get('default');

    equal(JSON.stringify(serving.recorded.records).includes('PRIVATE KEY'), false);
  });
});
