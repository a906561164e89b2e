import { deepEqual, equal, rejects } from 'node:assert/strict';

import { AgentError, ConfigError } from '../../src/runtime/errors.ts';
import { abortable } from '../../src/runtime/tasks.ts';
import { DebugTap, type TapQuestion } from '../../src/xds-proxy/debug-tap.ts';
import type { DebugAnswer } from '../../src/xds-proxy/proxy.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { messages, responseBytes } from './messages.ts';

const NEVER = new Promise<never>(() => undefined);

class TestTap implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly asked: TapQuestion[] = [];
  /** Why those who asked were left alone. */
  readonly aborted: unknown[] = [];
  answer: (question: TapQuestion) => Promise<DebugAnswer> = async ({ typeUrl }) => ({
    kind: 'sotw',
    bytes: responseBytes('sotw', typeUrl, { values: [Buffer.from('in sync')] }),
  });
  #tap: DebugTap | undefined;

  static async start(port = 0): Promise<TestTap> {
    const test = new TestTap();
    test.#tap = await DebugTap.start({
      address: { host: '127.0.0.1', port },
      ask: async (question, signal) => {
        test.asked.push(question);
        signal.addEventListener('abort', () => test.aborted.push(signal.reason));
        return abortable(test.answer(question), signal);
      },
      messages: async () => messages,
      clock: test.clock,
    });
    return test;
  }

  get port(): number {
    return this.#tap?.port ?? 0;
  }

  async get(path: string, init: RequestInit = {}): Promise<[status: number, text: string]> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, init);
    return [answer.status, await answer.text()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tap?.close();
    await this.#tap?.close();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

describe('DebugTap', () => {
  it('asks what the path says, for the resource of the query', async () => {
    await using tap = await TestTap.start();

    const [status, text] = await tap.get('/debug/syncz');
    await tap.get('/debug/config_dump?resourceName=web-1.shop&other=x');
    await tap.get('/debug/a%20b?resourceName=');

    equal(status, 200);
    deepEqual(JSON.parse(text).resources, [{ '@type': 'istio.io/debug/syncz', value: 'in sync' }]);
    deepEqual(tap.asked, [
      { typeUrl: 'istio.io/debug/syncz', names: [] },
      { typeUrl: 'istio.io/debug/config_dump', names: ['web-1.shop'] },
      { typeUrl: 'istio.io/debug/a b', names: [] },
    ]);
  });

  it('answers several at once', async () => {
    await using tap = await TestTap.start();
    const held = Promise.withResolvers<void>();
    tap.answer = async ({ typeUrl }) => {
      if (typeUrl.endsWith('slow')) await held.promise;
      return { kind: 'sotw', bytes: responseBytes('sotw', typeUrl) };
    };

    const slow = tap.get('/debug/slow');
    await until(() => tap.asked.length === 1);
    const [quickStatus] = await tap.get('/debug/quick');
    held.resolve();

    deepEqual([quickStatus, (await slow)[0]], [200, 200]);
  });

  it('answers 503 with the reason while there is nobody to ask', async () => {
    await using tap = await TestTap.start();
    tap.answer = () => Promise.reject(new AgentError('proxy not connected to Istiod'));

    deepEqual(await tap.get('/debug/syncz'), [503, 'proxy not connected to Istiod\n']);
  });

  it('answers 504 after five seconds, and gives up the question', async () => {
    await using tap = await TestTap.start();
    tap.answer = () => NEVER;

    const answer = tap.get('/debug/syncz');
    await until(() => tap.asked.length === 1);
    await tap.clock.tick(4999);
    const early = tap.aborted.length;
    await tap.clock.tick(1);

    deepEqual(await answer, [504, 'no answer to istio.io/debug/syncz within 5s\n']);
    equal(early, 0);
  });

  it('gives up the question of a caller who leaves', async () => {
    await using tap = await TestTap.start();
    tap.answer = () => NEVER;
    const leaving = new AbortController();

    const answer = tap.get('/debug/syncz', { signal: leaving.signal });
    await until(() => tap.asked.length === 1);
    leaving.abort();
    await rejects(answer);
    await until(() => tap.aborted.length > 0);

    deepEqual(tap.aborted.map(String), ['AgentError: the caller has left']);
  });

  it('answers 500 when the answer is malformed', async () => {
    await using tap = await TestTap.start();
    tap.answer = async () => ({ kind: 'sotw', bytes: Buffer.from([0x0a, 0x7f]) });

    equal((await tap.get('/debug/syncz'))[0], 500);
  });

  const refused = [
    ['/debug/syncz?resourceName=%zz', 400],
    ['/debug/syncz?a;b', 400],
    ['/debug/%zz', 400],
    ['/debug/', 404],
    ['/syncz', 404],
  ] as const;
  for (const [path, status] of refused) {
    it(`answers ${status} to ${path}, and asks nobody`, async () => {
      await using tap = await TestTap.start();

      equal((await tap.get(path))[0], status);
      deepEqual(tap.asked, []);
    });
  }

  it('leaves nobody waiting when it closes', async () => {
    await using tap = await TestTap.start();
    tap.answer = () => NEVER;

    const cut = rejects(tap.get('/debug/syncz'));
    await until(() => tap.asked.length === 1);
    await tap[Symbol.asyncDispose]();

    await cut;
  });

  it('takes no other method than GET', async () => {
    await using tap = await TestTap.start();

    deepEqual(await tap.get('/debug/syncz', { method: 'POST' }), [405, 'Method Not Allowed\n']);
  });

  it('names the port that is taken', async () => {
    await using tap = await TestTap.start();

    await rejects(TestTap.start(tap.port), (error: unknown) => {
      const text = `cannot listen for debug requests on 127.0.0.1, port ${tap.port}: `;
      return error instanceof ConfigError && error.message.startsWith(text);
    });
    await rejects(TestTap.start(70_000), ConfigError);
  });
});
