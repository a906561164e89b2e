import { deepEqual, equal, rejects } from 'node:assert/strict';
import { Socket } from 'node:net';

import { connectOptions, opened } from '../../../src/status/probes/connection.ts';

describe('connectOptions', () => {
  it('binds the source, and looks for no address of another family', () => {
    deepEqual(connectOptions('127.0.0.6', { host: '10.1.2.3', port: 80 }), {
      host: '10.1.2.3',
      port: 80,
      localAddress: '127.0.0.6',
      family: 4,
    });
    equal(connectOptions('::6', { host: '2001:db8::7', port: 80 }).family, 6);
  });

  it('knows what localhost is', () => {
    equal(connectOptions('127.0.0.6', { host: 'localhost', port: 80 }).host, '127.0.0.1');
    equal(connectOptions('::6', { host: 'localhost', port: 80 }).host, '::1');
  });
});

describe('opened', () => {
  it('gives up with the reason of the signal, and destroys the socket', async () => {
    const socket = new Socket();
    const giveUp = new AbortController();
    const opening = opened(socket, 'connect', giveUp.signal);

    giveUp.abort(new Error('late'));

    await rejects(opening, /late/);
    equal(socket.destroyed, true);
  });

  it('does not begin when it is too late', async () => {
    const socket = new Socket();

    await rejects(opened(socket, 'connect', AbortSignal.abort(new Error('late'))), /late/);

    equal(socket.destroyed, true);
  });

  it('fails when the socket closes without a word', async () => {
    const socket = new Socket();
    const opening = opened(socket, 'secureConnect', new AbortController().signal);

    socket.destroy();

    await rejects(opening, /closed at once/);
  });

  it('hears the errors of an open socket, and ends it with the signal', async () => {
    const socket = new Socket();
    const giveUp = new AbortController();
    const opening = opened(socket, 'connect', giveUp.signal);
    socket.emit('connect');
    await opening;

    giveUp.abort(new Error('late'));
    await new Promise((resolve) => socket.once('close', resolve));

    equal(socket.destroyed, true);
  });
});
