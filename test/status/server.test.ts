import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Agent, get } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { text } from 'node:stream/consumers';

import { ConfigError } from '../../src/runtime/errors.ts';
import { recordingLog } from '../support/recording-log.ts';
import { startStatus } from './fixtures/status-fixture.ts';

/** Status and body over a connection the given agent keeps. */
function getOver(agent: Agent, url: string): Promise<{ readonly status?: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    }).on('error', reject);
  });
}

describe('StatusServer', () => {
  it('listens for IPv4 and, where the host has it, for IPv6', async () => {
    await using status = await startStatus();
    const port = new URL(status.url).port;

    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz/ready`)).status, 200);
    const six = await fetch(`http://[::1]:${port}/healthz/ready`).catch(() => undefined); // no IPv6 here
    assert.ok(six === undefined || six.status === 200);
  });

  it('says which port is taken before anything else starts', async () => {
    const other = createServer().listen(0, '0.0.0.0');
    await new Promise((resolve) => {
      other.once('listening', resolve);
    });
    const statusPort = (other.address() as AddressInfo).port;
    const settings = { statusPort, envoyPrometheusPort: undefined, metricsLoopbackOnly: false };

    try {
      await assert.rejects(startStatus({ settings }), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(
          error.message,
          new RegExp(`^Error listening on status port: port ${statusPort} is in use`),
        );
        return true;
      });
    } finally {
      other.close();
    }
  });

  it('logs its port, and what is on the metrics page', async () => {
    await using status = await startStatus();

    assert.deepEqual(status.logged.messages('info'), [
      'Opening status port 0',
      `Metrics page: agent, envoy (port ${status.admin.port}, path "/stats/prometheus")`,
    ]);
  });

  it('refuses new connections once the agent ends, and answers open ones with 503', async () => {
    await using status = await startStatus();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal((await getOver(agent, `${status.url}/healthz/ready`)).status, 200);

    status.stop.abort(new Error('received SIGTERM'));

    assert.deepEqual(await getOver(agent, `${status.url}/healthz/ready`), { status: 503, body: '' });
    await assert.rejects(getOver(new Agent(), `${status.url}/healthz/ready`), { code: 'ECONNREFUSED' });
    agent.destroy();
  });

  it('tells the agent when the port dies', async () => {
    const listening: Server[] = [];
    const took = (message: unknown): void => void listening.push((message as { server: Server }).server);
    subscribe('tracing:net.server.listen:asyncEnd', took);
    await using status = await startStatus();
    unsubscribe('tracing:net.server.listen:asyncEnd', took);

    listening.at(-1)?.emit('error', new Error('accept failed'));

    assert.deepEqual(status.asked, ['failed: accept failed']);
  });

  it('keeps connections longer than Prometheus does, and says so', async () => {
    await using status = await startStatus();

    const answer = await fetch(`${status.url}/healthz/ready`);

    assert.equal(answer.headers.get('keep-alive'), 'timeout=360');
  });

  it('does not go on when the agent is told to end while the port is being opened', async () => {
    const stop = new AbortController();
    const reason = new Error('received SIGTERM');
    const log = { ...recordingLog().log, info: () => stop.abort(reason) }; // by its first line

    await assert.rejects(startStatus({ stopping: stop.signal, log }), reason);
  });

  it('cuts connections when it is closed, twice if need be, and says so once', async () => {
    await using status = await startStatus();
    const socket = connect(Number(new URL(status.url).port), '127.0.0.1');
    await new Promise((resolve) => {
      socket.once('connect', resolve);
    });
    const cut = new Promise((resolve) => {
      socket.once('close', resolve).on('error', () => undefined); // how it is cut does not matter
    });

    await status.server.close();
    await status.server.close();
    await cut;

    assert.equal(
      status.logged.messages().filter((line) => line === 'Status server has successfully terminated').length,
      1,
    );
  });
});
