import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';

import type { CliContext } from '../../src/cli/context.ts';
import { requestCommand } from '../../src/cli/request.ts';
import { recordingContext } from '../support/cli-context.ts';
import { loopbackServer } from '../support/http-server.ts';

interface Answer {
  readonly status?: number;
  /** Undefined: what was asked. */
  readonly body?: Buffer;
}

/** Runs `request` against a server. */
async function run(
  words: readonly string[],
  { status = 200, body }: Answer = {},
  env: CliContext['env'] = {},
) {
  await using server = await loopbackServer(async (request, response) => {
    response.statusCode = status;
    response.end(body ?? `${request.method} ${request.url} ${await text(request)}`);
  });
  const recorded = recordingContext([], env);
  const command = requestCommand(recorded.context, [server.port]);
  await command.exitOverride().parseAsync([`--debug-port=${server.port}`, ...words]);
  return recorded;
}

async function request(words: readonly string[], status = 200): Promise<string> {
  return (await run(words, { status })).stdout();
}

describe('the command request', () => {
  it('prints the body and one newline, and nothing else', async () => {
    assert.equal(await request(['GET', '/config_dump?mask=a']), 'GET /config_dump?mask=a \n');
  });

  it('warns of a variable it cannot read on stderr, and keeps stdout clean', async () => {
    const { stdout, stderr } = await run(['GET', 'x'], {}, { PKCS8_KEY: 'maybe' });

    assert.equal(stdout(), 'GET /x \n');
    assert.match(
      stderr(),
      /^\S+\twarn\tInvalid environment variable value `maybe`, expecting true\/false, defaulting to false \(PKCS8_KEY\)\n$/,
    );
  });

  it('prints bytes that are no text as they came', async () => {
    const profile = Buffer.from([0x1f, 0x8b, 0xff, 0x00]);

    const { written } = await run(['GET', 'x'], { body: profile });

    assert.deepEqual(written(), Buffer.concat([profile, Buffer.from('\n')]));
  });

  it('takes a path with or without slash, and a body', async () => {
    assert.equal(await request(['POST', 'drain']), 'POST /drain \n');
    assert.equal(
      await request(['POST', '/logging', 'level=debug', 'ignored']),
      'POST /logging level=debug\n',
    );
  });

  it('takes 404 for an answer', async () => {
    assert.equal(await request(['GET', 'nosuch'], 404), 'GET /nosuch \n');
  });

  it('fails for every other status from 400 on, showing the body', async () => {
    for (const status of [400, 403, 500, 503]) {
      await assert.rejects(request(['GET', 'x'], status), {
        message: `received unsuccessful status code ${status}: GET /x `,
      });
    }
  });

  it('wants method and path', async () => {
    await assert.rejects(request(['GET']), { message: 'requires at least 2 arg(s), only received 1' });
    await assert.rejects(request([]), { message: 'requires at least 2 arg(s), only received 0' });
  });

  it('talks only to the debug ports', async () => {
    const { context } = recordingContext();

    const parsing = requestCommand(context).parseAsync(['GET', '/', '--debug-port=8080']);

    await assert.rejects(parsing, {
      message: 'debug port 8080 is not in allowed list [15000 15004 15020 15021]',
    });
  });

  for (const [words, port] of [
    [['POST', 'restart'], 15_020],
    [['POST', '/restart?force=true'], 15_020],
    [['POST', 'rotate'], 15_020],
    [['POST', 'drain'], 15_000],
    [['GET', 'config_dump?restart'], 15_000],
    [['GET', 'stats/restart'], 15_000],
    [['POST', 'restart', '--debug-port=15021'], 15_021],
  ] as const) {
    it(`asks port ${port} for ${words.join(' ')}`, async () => {
      const { context } = recordingContext();

      const parsing = requestCommand(context, [1]).parseAsync(words);

      await assert.rejects(parsing, { message: `debug port ${port} is not in allowed list [1]` });
    });
  }
});
