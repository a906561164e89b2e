import assert from 'node:assert/strict';

import type { RestartAnswer } from '../../src/status/actions.ts';
import { startStatus } from './fixtures/status-fixture.ts';

function post(url: string): Promise<Response> {
  return fetch(url, { method: 'POST' });
}

describe('endpoints that act', () => {
  for (const path of ['/quitquitquit', '/drain', '/rotate']) {
    it(`have answered ${path} before anything happens`, async () => {
      const acts = (): void => void status.server.close(); // cuts every connection
      const restart = (): RestartAnswer => assert.fail('not asked for');
      const actions = { restart, rotationObstacle: () => undefined, rotate: acts, drain: acts, quit: acts };
      await using status = await startStatus({ actions });

      assert.equal(await (await post(`${status.url}${path}`)).text(), 'OK');
    });
  }

  it('ends the agent, once', async () => {
    await using status = await startStatus();

    const answer = await post(`${status.url}/quitquitquit`);
    await status.askedTimes(1);

    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'OK');
    assert.deepEqual(status.asked, ['quit: /quitquitquit called']);
  });

  it('starts a drain', async () => {
    await using status = await startStatus();

    assert.equal(await (await post(`${status.url}/drain`)).text(), 'OK');
    await status.askedTimes(1);

    assert.deepEqual(status.asked, ['drain']);
  });

  it('asks for a hot restart and tells the epoch to come', async () => {
    await using status = await startStatus();

    const answer = await post(`${status.url}/restart`);

    assert.equal(answer.status, 202);
    assert.deepEqual(await answer.json(), { accepted: true, epoch: 1 });
  });

  it('forces a restart only where it is told so', async () => {
    await using status = await startStatus();

    for (const query of ['?force=true', '?force=false', '?force', '?other=true']) {
      await post(`${status.url}/restart${query}`);
    }

    assert.deepEqual(status.asked, ['restart by force', 'restart', 'restart', 'restart']);
  });

  it('signs a new certificate', async () => {
    await using status = await startStatus();

    const answer = await post(`${status.url}/rotate`);
    await status.askedTimes(1);

    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'OK');
    assert.deepEqual(status.asked, ['rotate']);
  });

  it('answers 409 with the reason when that cannot be', async () => {
    const actions = {
      restart: () => ({ accepted: false, why: 'hot restart is off' }) as const,
      rotationObstacle: () => 'certificates come from files',
      rotate: () => assert.fail('nothing is to be signed'),
      drain: () => undefined,
      quit: () => undefined,
    };
    await using status = await startStatus({ actions });

    const restart = await post(`${status.url}/restart`);
    const rotate = await post(`${status.url}/rotate`);

    assert.deepEqual([restart.status, await restart.text()], [409, 'hot restart is off\n']);
    assert.deepEqual([rotate.status, await rotate.text()], [409, 'certificates come from files\n']);
  });

  for (const path of ['/quitquitquit', '/drain', '/restart', '/rotate']) {
    it(`does nothing on GET ${path}`, async () => {
      await using status = await startStatus();

      const answer = await fetch(`${status.url}${path}`);

      assert.equal(answer.status, 405);
      assert.equal(await answer.text(), 'Method Not Allowed\n');
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.deepEqual(status.asked, []);
    });
  }
});
