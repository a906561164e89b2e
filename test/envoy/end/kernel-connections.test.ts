import { equal, rejects } from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import { kernelConnections } from '../../../src/envoy/end/kernel-connections.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

interface Entry {
  readonly port: number;
  /** 01: established, 06: waiting for the last packets, 0A: listening. */
  readonly state: string;
  readonly inode: number;
}

const row = ({ port, state, inode }: Entry): string =>
  `   0: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 0200007F:C350 ${state} ` +
  `00000000:00000000 00:00000000 00000000  1337        0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`;

/** `/proc` with one process, number 7, that has these sockets. */
async function processes(
  directory: string,
  own: readonly number[],
  entries: readonly Entry[],
): Promise<void> {
  const process = join(directory, '7');
  await mkdir(join(process, 'fd'), { recursive: true });
  await mkdir(join(process, 'net'));
  await symlink('/dev/null', join(process, 'fd', '0'));
  for (const inode of own) await symlink(`socket:[${inode}]`, join(process, 'fd', String(inode)));
  await writeFile(join(process, 'net', 'tcp'), HEAD + entries.map(row).join(''));
}

describe('kernelConnections', () => {
  it('counts what is open on ports that the process listens on, without some of them', async () => {
    await using folder = await temporaryDirectory();
    const entries = [
      { port: 15_006, state: '0A', inode: 1 },
      { port: 15_006, state: '01', inode: 2 },
      { port: 15_006, state: '01', inode: 3 },
      { port: 15_006, state: '06', inode: 0 },
      { port: 15_021, state: '0A', inode: 4 },
      { port: 15_021, state: '01', inode: 5 },
      { port: 40_000, state: '01', inode: 6 }, // goes out
    ];
    await processes(folder.path, [1, 2, 3, 4, 5, 6], entries);

    equal(await kernelConnections(folder.path)(7, [15_021]), 2);
    equal(await kernelConnections(folder.path)(7, []), 3);
  });

  it('leaves out what belongs to the other processes of the pod', async () => {
    await using folder = await temporaryDirectory();
    const entries = [
      { port: 15_006, state: '0A', inode: 1 },
      { port: 8080, state: '0A', inode: 2 },
      { port: 8080, state: '01', inode: 3 },
    ];
    await processes(folder.path, [1], entries);

    equal(await kernelConnections(folder.path)(7, []), 0);
  });

  it('fails where nobody may look', async () => {
    await using folder = await temporaryDirectory();

    await rejects(kernelConnections(folder.path)(7, []), { code: 'ENOENT' });
  });

  for (const host of ['127.0.0.1', '::1']) {
    it(`knows a real connection on ${host}`, async () => {
      const accepted: Socket[] = [];
      const server = createServer((socket) => accepted.push(socket)).listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const count = kernelConnections();
      const before = await count(process.pid, []);
      const client = connect(port, host);
      await Promise.all([once(client, 'connect'), once(server, 'connection')]);

      const [open, withoutIt] = [await count(process.pid, []), await count(process.pid, [port])];
      client.destroy();
      for (const socket of accepted) socket.destroy();
      server.close();

      equal(open, before + 1);
      equal(withoutIt, before);
    });
  }
});
