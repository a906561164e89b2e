import assert from 'node:assert/strict';

import { StopRequested } from '../../src/cli/context.ts';
import { waitCommand } from '../../src/cli/wait.ts';
import { recordingContext } from '../support/cli-context.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { loopbackServer } from '../support/http-server.ts';

/** Resolves once the command sleeps before its next attempt. */
async function sleeping(clock: FakeClock): Promise<void> {
  while (clock.sleepers === 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** The message column of every line. */
function messages(stdout: string): string[] {
  return stdout.split('\n').flatMap((line) => line.split('\t').slice(2));
}

describe('the command wait', () => {
  it('asks after each period until the answer is 200', async () => {
    const statuses = [503, 404, 200];
    await using server = await loopbackServer((_request, response) => {
      response.writeHead(statuses.shift() ?? 500).end('body');
    });
    const { context, stdout } = recordingContext();
    const clock = new FakeClock();

    const done = waitCommand(context, clock).parseAsync(['--url', server.url, '--requestTimeoutMillis=5000']);
    for (let attempt = 1; attempt <= 3; attempt++) {
      await sleeping(clock);
      assert.equal(statuses.length, 4 - attempt, 'nothing is asked before the period is over');
      await clock.tick(500);
    }
    await done;

    assert.equal(clock.monotonicMs(), 1500);
    assert.deepEqual(messages(stdout()), [
      'Waiting for Envoy proxy to be ready (timeout: 60 seconds)...',
      'Envoy is not ready yet: HTTP status code 503',
      'Envoy is not ready yet: HTTP status code 404',
      'Envoy is ready!',
    ]);
  });

  it('says a reason that stays the same once', async () => {
    const statuses = [503, 503, 503, 200];
    await using server = await loopbackServer((_request, response) => {
      response.writeHead(statuses.shift() ?? 500).end();
    });
    const { context, stdout } = recordingContext();
    const clock = new FakeClock();

    const done = waitCommand(context, clock).parseAsync(['--url', server.url, '--requestTimeoutMillis=5000']);
    for (let attempt = 1; attempt <= 4; attempt++) {
      await sleeping(clock);
      await clock.tick(500);
    }
    await done;

    assert.equal(messages(stdout()).filter((line) => line.includes('not ready')).length, 1);
  });

  it('takes its timeout from WAIT_TIMEOUT_SECONDS when the flag is not given', async () => {
    const cases: [string, string[], string][] = [
      ['300', [], '300'],
      ['300', ['--timeoutSeconds=7'], '7'],
      ['soon', [], '60'],
      ['', [], '60'],
    ];
    for (const [text, words, seconds] of cases) {
      const { context, stdout, stop } = recordingContext([], { WAIT_TIMEOUT_SECONDS: text });
      const clock = new FakeClock();

      const done = assert.rejects(waitCommand(context, clock).parseAsync(words));
      await sleeping(clock);
      stop.abort(new StopRequested('SIGTERM'));
      await done;

      assert.match(stdout(), new RegExp(`timeout: ${seconds} seconds`));
      assert.equal(/WAIT_TIMEOUT_SECONDS="\w*" is not a number/.test(stdout()), !/^\d+$/.test(text));
    }
  });

  it('gives up after the timeout, with the last problem', async () => {
    await using server = await loopbackServer((_request, response) => {
      response.writeHead(503).end();
    });
    const { context } = recordingContext();
    const clock = new FakeClock();
    const words = [
      '--url',
      server.url,
      '--timeoutSeconds=1',
      '--periodMillis=700',
      '--requestTimeoutMillis=5000',
    ];

    const done = assert.rejects(waitCommand(context, clock).parseAsync(words), {
      message: 'timeout waiting for Envoy proxy to become ready. Last error: HTTP status code 503',
    });
    await sleeping(clock);
    await clock.tick(700);
    await sleeping(clock);
    await clock.tick(300);
    await done;
  });

  it('has no last problem when there was no attempt', async () => {
    const { context } = recordingContext();
    const clock = new FakeClock();

    const done = assert.rejects(waitCommand(context, clock).parseAsync(['--timeoutSeconds', '0']), {
      message: 'timeout waiting for Envoy proxy to become ready. Last error: <nil>',
    });
    await sleeping(clock);
    await clock.tick(0);
    await done;
  });

  it('stops waiting when the process is asked to end', async () => {
    const { context, stop } = recordingContext();
    const clock = new FakeClock();
    const reason = new StopRequested('SIGTERM');

    const done = assert.rejects(waitCommand(context, clock).parseAsync([]), reason);
    await sleeping(clock);
    stop.abort(reason);

    await done;
    assert.equal(clock.sleepers, 0);
  });
});
