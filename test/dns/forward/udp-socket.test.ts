import { equal } from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { openDatagrams } from '../../../src/dns/forward/udp-socket.ts';
import { someTurns } from '../../support/turns.ts';

const EXCHANGES = 32;
const LARGE_ANSWER_BYTES = 4096;

describe('openDatagrams', () => {
  it('has room for a large answer to each query of one socket, all at once', async () => {
    using opened = new DisposableStack();
    const socket = opened.adopt(openDatagrams('127.0.0.1') as Socket, (each) => each.close());
    const resolver = opened.adopt(createSocket('udp4'), (each) => each.close());
    resolver.bind(0, '127.0.0.1');
    await once(resolver, 'listening');
    socket.connect(resolver.address().port, '127.0.0.1');
    await once(socket, 'connect');
    resolver.connect(socket.address().port, '127.0.0.1');
    await once(resolver, 'connect');
    let heard = 0;
    socket.on('message', () => (heard += 1));

    for (let count = 0; count < EXCHANGES; count += 1) resolver.send(Buffer.alloc(LARGE_ANSWER_BYTES));
    await someTurns(20);

    equal(heard, EXCHANGES);
  });
});
