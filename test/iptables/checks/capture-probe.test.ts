import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

import { probeCapture, type ProbeTarget } from '../../../iptables/checks/capture-probe.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';

// Without rules no probe arrives; that one does is tested with real ones, in a network namespace.

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

interface Probing {
  readonly ended: Promise<unknown>;
  readonly clock: FakeClock;
  readonly logs: RecordingLog;
  readonly stop: AbortController;
}

function probe(target: Partial<ProbeTarget>): Probing {
  const clock = new FakeClock();
  const logs = recordingLog();
  const stop = new AbortController();
  const whole: ProbeTarget = { family: 'v4', probePort: 1, capturePorts: [], timeoutMs: 5000, ...target };
  const ended = probeCapture(whole, { clock, log: logs.log }, stop.signal).catch((error: unknown) => error);
  return { ended, clock, logs, stop };
}

/** A connection that is closed by the other side, however it got there. */
async function call(port: number, says: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  socket.end(says);
  await once(socket.resume(), 'close');
}

async function listening(clock: FakeClock): Promise<void> {
  while (clock.sleepers < 2) await new Promise(setImmediate);
}

describe('probeCapture', () => {
  it('gives up when its time is over, and leaves nothing behind', async () => {
    const port = await freePort();
    const { ended, clock } = probe({ capturePorts: [port], timeoutMs: 2500 });
    await listening(clock);

    await clock.tick(2500);

    assert.match(String(await ended), /CaptureError: validation timeout/);
    assert.equal(clock.sleepers, 0);
    await using again = createServer().listen(port, '127.0.0.1');
    await once(again, 'listening');
  });

  it('tries again each second, and says why a try failed', async () => {
    const { ended, clock, logs } = probe({ capturePorts: [await freePort()] });
    await listening(clock);

    for (let second = 0; second < 5; second += 1) {
      while (logs.messages('info').length <= second) await new Promise(setImmediate);
      await clock.tick(1000);
    }

    await ended;
    assert.match(logs.messages('info').at(-1) ?? '', /^probe of 127\.0\.0\.6:1: connect ECONNREFUSED/);
    assert.ok(logs.messages('info').length >= 5);
  });

  it('does not take a stranger for its own probe', async () => {
    const port = await freePort();
    const { ended, clock } = probe({ capturePorts: [port] });
    await listening(clock);

    await call(port, 'GET / HTTP/1.1\r\nHost: a.example.com\r\n\r\n');
    await call(port, '0123456789abcdef0123456789abcdef');
    await clock.tick(5000);

    assert.match(String(await ended), /validation timeout/);
  });

  it('ends with a stranger still connected', async () => {
    const port = await freePort();
    const { ended, clock } = probe({ capturePorts: [port] });
    await listening(clock);
    const stranger = connect({ host: '127.0.0.1', port });
    await once(stranger, 'connect');

    await clock.tick(5000);

    await ended;
    await once(stranger.resume(), 'close');
  });

  it('goes on with one listener when the other port is taken', async () => {
    await using taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { ended, clock, logs } = probe({ capturePorts: [port, await freePort()] });
    await listening(clock);

    await clock.tick(5000);

    assert.match(String(await ended), /validation timeout/);
    assert.match(logs.messages('error').join(), /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  });

  it('names the ports when none can be listened on', async () => {
    await using taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;

    const { ended } = probe({ capturePorts: [port, port] });

    assert.match(String(await ended), new RegExp(`no listener available: 127\\.0\\.0\\.1:${port}$`));
  });

  it('ends when it is told to stop', async () => {
    const { ended, clock, stop } = probe({ capturePorts: [await freePort()] });
    await listening(clock);

    stop.abort(new Error('told to stop'));

    assert.equal(String(await ended), 'Error: told to stop');
    assert.equal(clock.sleepers, 0);
  });
});
