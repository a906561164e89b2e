import { deepEqual, equal, rejects } from 'node:assert/strict';

import { StopRequested } from '../../src/cli/context.ts';
import { sidecarPresence, type PresenceSettings } from '../../src/cli/sidecar-presence.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { closedPort, loopbackServer } from '../support/http-server.ts';

const settings: PresenceSettings = {
  mesh: 'auto',
  meshTimeoutSeconds: 5,
  url: 'http://localhost:1/quitquitquit',
  periodMs: 2000,
  requestTimeoutMs: 5000,
};
const never = new AbortController().signal;

async function sleeping(clock: FakeClock): Promise<void> {
  while (clock.sleepers === 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

describe('sidecarPresence', () => {
  for (const [mesh, status, sidecar, why] of [
    ['none', '{"version":1}', 'none', '--mesh=none'],
    ['required', '', 'expected', '--mesh=required'],
    ['auto', '', 'none', 'AGENT_SIDECAR_STATUS is empty'],
    ['auto', '{"version":1}', 'expected', 'AGENT_SIDECAR_STATUS is set'],
  ] as const) {
    it(`is ${sidecar} because ${why}, and looks at no port`, async () => {
      const context = { env: { AGENT_SIDECAR_STATUS: status } };

      deepEqual(await sidecarPresence({ ...settings, mesh }, context, new FakeClock(), never), {
        sidecar,
        why,
      });
    });
  }

  it('is expected at once when somebody answers, whatever that is', async () => {
    const asked: (string | undefined)[] = [];
    await using server = await loopbackServer(({ url }, response) => {
      asked.push(url);
      response.writeHead(404).end();
    });
    const url = `${server.url}/quitquitquit`;

    const presence = await sidecarPresence({ ...settings, url }, { env: {} }, new FakeClock(), never);

    deepEqual(presence, { sidecar: 'expected', why: `somebody listens on 127.0.0.1:${server.port}` });
    deepEqual(asked, ['/'], 'looking does not ask the sidecar to end');
  });

  it('is expected when somebody takes the connection and says nothing', async () => {
    await using server = await loopbackServer(() => undefined);
    const quick = { ...settings, url: server.url, requestTimeoutMs: 20 };

    const { sidecar } = await sidecarPresence(quick, { env: {} }, new FakeClock(), never);

    equal(sidecar, 'expected');
  });

  it('is unseen when every connection is refused for so long', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const clock = new FakeClock();

    const done = sidecarPresence({ ...settings, url }, { env: {} }, clock, never);
    for (const ms of [2000, 2000, 1000]) {
      await sleeping(clock);
      await clock.tick(ms);
    }

    deepEqual(await done, {
      sidecar: 'unseen',
      why: `nobody listened on ${new URL(url).host} for 5 seconds`,
    });
  });

  it('knows nothing when the process is asked to end before there is an answer', async () => {
    const stop = new AbortController();
    const reason = new StopRequested('SIGTERM');
    await using server = await loopbackServer(() => stop.abort(reason));

    const looking = sidecarPresence(
      { ...settings, url: server.url },
      { env: {} },
      new FakeClock(),
      stop.signal,
    );

    await rejects(looking, reason);
  });

  it('stops looking when the process is asked to end', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const clock = new FakeClock();
    const stop = new AbortController();
    const reason = new StopRequested('SIGTERM');

    const done = rejects(sidecarPresence({ ...settings, url }, { env: {} }, clock, stop.signal), reason);
    await sleeping(clock);
    stop.abort(reason);

    await done;
  });
});
