import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { AgentError } from '../../../src/runtime/errors.ts';
import { GceToken, type TokenQuestion } from '../../../src/security/upstream/gce-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../progress.ts';
import { unsignedToken } from './tokens.ts';

const MINUTE_MS = 60_000;
const { signal } = new AbortController();

describe('GceToken', () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock();
  });

  afterEach(() => directory.remove());

  function makeToken(path = join(directory.path, 'istio-token')) {
    const { log, messages: logged } = recordingLog();
    const server = { questions: [] as TokenQuestion[], answer: 'token' as string | Error };
    const ask = async (question: TokenQuestion): Promise<string> => {
      server.questions.push(question);
      if (server.answer instanceof Error) throw server.answer;
      return server.answer;
    };
    const settings = { metadataServer: 'http://metadata.example', audience: 'my domain', path };
    return { token: new GceToken(settings, { ask, clock, log }), server, logged, path };
  }

  it('is asked of the metadata server for the trust domain, and left in the file', async () => {
    const { token, server, path } = makeToken();
    server.answer = ' one\n';

    assert.equal(await token.read(signal), 'one');

    assert.deepEqual(server.questions, [
      {
        url:
          'http://metadata.example/computeMetadata/v1/instance/service-accounts/default/identity' +
          '?audience=my%20domain&format=full',
        headers: { 'Metadata-Flavor': 'Google' },
        timeoutMs: 5000,
      },
    ]);
    assert.equal(await readFile(path, 'utf8'), 'one');
    assert.equal((await stat(path)).mode & 0o777, 0o640);
  });

  it('fails the call when there is none, and needs a path', async () => {
    const { token, server } = makeToken();
    server.answer = new AgentError('nobody there');

    await assert.rejects(token.read(signal), {
      message: 'fetch platform credential: nobody there',
      retryable: true,
    });
    server.answer = '\n';
    await assert.rejects(
      token.read(signal),
      /^AgentError: fetch platform credential: the token of .* is empty$/,
    );
    await assert.rejects(makeToken('').token.read(signal), {
      message: 'fetch platform credential: jwtPath is unset',
    });
  });

  it('is the one before for as long as that is good, when there is none to get', async () => {
    const { token, server, logged } = makeToken();
    const good = unsignedToken(clock.now() + MINUTE_MS);
    server.answer = good;
    await token.read(signal);
    server.answer = new AgentError('nobody there');

    const again = [await token.read(signal), await token.read(signal)];
    await clock.tick(MINUTE_MS);

    assert.deepEqual(again, [good, good]);
    assert.deepEqual(logged('warn'), [
      'fetch platform credential: nobody there; the token before is still good',
    ]);
    await assert.rejects(token.read(signal), /nobody there/);
  });

  it('serves also where its file cannot be written', async () => {
    const { token, logged } = makeToken(join(directory.path, 'none/istio-token'));

    assert.equal(await token.read(signal), 'token');
    assert.match(logged('warn')[0] ?? '', /^cannot write the token: ENOENT/);
  });

  describe('in the background', () => {
    let stop: AbortController;
    beforeEach(() => {
      stop = new AbortController();
    });

    async function running(token: GceToken): Promise<AsyncDisposable> {
      const run = token.run(stop.signal);
      return {
        [Symbol.asyncDispose]: async () => {
          stop.abort(new Error('enough'));
          await assert.rejects(run, { message: 'enough' });
          assert.equal(clock.sleepers, 0);
        },
      };
    }

    async function fiveMinutes(): Promise<void> {
      await clock.tick(5 * MINUTE_MS);
      await until(() => clock.sleepers === 1);
    }

    for (const [what, first] of [
      ['a missing one', undefined],
      ['one that is no JWT', () => 'opaque'],
      ['one without end', () => `e30.${Buffer.from('{}').toString('base64url')}.x`],
      ['one with less than 25 minutes left', () => unsignedToken(clock.now() + 29 * MINUTE_MS)],
    ] as const) {
      it(`renews ${what} after five minutes`, async () => {
        const { token, server, path } = makeToken();
        if (first !== undefined) {
          server.answer = first();
          await token.read(signal);
        }
        server.answer = unsignedToken(clock.now() + 60 * MINUTE_MS);
        const before = server.questions.length;
        await using _running = await running(token);

        await fiveMinutes();

        assert.equal(server.questions.length, before + 1);
        assert.equal(await readFile(path, 'utf8'), server.answer);
      });
    }

    it('leaves one with 25 minutes or more alone', async () => {
      const { token, server } = makeToken();
      server.answer = unsignedToken(clock.now() + 40 * MINUTE_MS);
      await token.read(signal);
      await using _running = await running(token);

      for (let i = 0; i < 3; i++) await fiveMinutes();
      assert.equal(server.questions.length, 1);
      await fiveMinutes();
      assert.equal(server.questions.length, 2);
    });

    it('outlives a server that does not answer, and says so once', async () => {
      const { token, server, logged } = makeToken();
      server.answer = new AgentError('nobody there');
      await using _running = await running(token);

      await fiveMinutes();
      await fiveMinutes();

      assert.equal(server.questions.length, 2);
      assert.deepEqual(logged('warn'), ['fetch platform credential: nobody there']);
    });
  });
});
