import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import { ExitError, ProgramEnded, StopRequested, type CliContext } from '../../src/cli/context.ts';
import { execCommand } from '../../src/cli/exec.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { Child, Command, Exit } from '../../src/runtime/spawn.ts';
import { recordingContext } from '../support/cli-context.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { closedPort, loopbackServer } from '../support/http-server.ts';

interface SidecarOptions {
  /** Answers to the readiness requests, one after the other; then 200. */
  readonly ready?: number[];
  readonly quit?: number;
}

/** What a job's container sees of a sidecar; everything that happens is told to `events`. */
async function startSidecar(events: string[], { ready = [], quit = 200 }: SidecarOptions = {}) {
  return loopbackServer(({ method, url }, response) => {
    const status = url === '/ready' ? (ready.shift() ?? 200) : quit;
    if (url !== '/') events.push(`${method} ${url} ${status}`);
    response.writeHead(status).end();
  });
}

interface RunOptions extends SidecarOptions {
  readonly flags?: readonly string[];
  readonly env?: CliContext['env'];
  /** What becomes of the command, or why it cannot be started. Default: exit code 0. */
  readonly exit?: Promise<Exit> | NodeJS.ErrnoException;
}

/** Runs `exec -- job --flag ''` beside a sidecar. */
async function run({ flags = [], env = {}, exit, ...options }: RunOptions = {}) {
  const events: string[] = [];
  await using sidecar = await startSidecar(events, options);
  const recorded = recordingContext([], env);
  const signals = new EventEmitter();
  const spawn = async (command: Command): Promise<Child> => {
    if (exit instanceof Error) throw exit;
    events.push(JSON.stringify(command));
    return fakeChild(events, exit ?? Promise.resolve({ code: 0, signal: null }));
  };
  const urls = [`--url=${sidecar.url}/ready`, `--quitUrl=${sidecar.url}/quit`, '--periodMillis=1'];
  const words = [...urls, '--requestTimeoutMillis=5000', ...flags, '--', 'job', '--flag', ''];
  const error = await execCommand(recorded.context, { spawn, signals, clock: systemClock() })
    .parseAsync(words)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  return { events, error, stdout: recorded.stdout(), stderr: recorded.stderr(), signals };
}

function fakeChild(events: string[], exited: Promise<Exit>): Child {
  const signal = (name: NodeJS.Signals): boolean => {
    events.push(name);
    return true;
  };
  return { pid: 1, stdout: Readable.from([]), stderr: Readable.from([]), exited, signal };
}

function spawnError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`spawn job ${code}`), { code });
}

const READY = 'GET /ready 200';
const JOB = '{"file":"job","args":["--flag",""],"sharesStdio":true}';
const QUIT = 'POST /quit 200';

describe('the command exec', () => {
  it('waits for the sidecar, runs exactly the words, and asks the sidecar to end', async () => {
    const { events, error, stdout } = await run({ ready: [503] });

    deepEqual(events, ['GET /ready 503', READY, JOB, QUIT]);
    deepEqual([error, stdout], [undefined, ''], 'standard output is the job’s');
  });

  for (const [exit, exitCode] of [
    [{ code: 3, signal: null }, 3],
    [{ code: null, signal: 'SIGKILL' }, 137],
    [{ code: null, signal: 'SIGTERM' }, 143],
  ] as const) {
    it(`ends with ${exitCode} when the job ended with ${exit.signal ?? exit.code}`, async () => {
      const { events, error } = await run({ exit: Promise.resolve(exit) });

      deepEqual(error, new ProgramEnded(exitCode));
      equal(events.at(-1), QUIT);
    });
  }

  for (const [code, exitCode] of [
    ['ENOENT', 127],
    ['EACCES', 126],
    ['E2BIG', 126],
  ] as const) {
    it(`ends with ${exitCode} when the job cannot be started: ${code}`, async () => {
      const { events, error } = await run({ exit: spawnError(code) });

      equal(error instanceof ExitError && error.exitCode, exitCode);
      equal(error instanceof ExitError && error.message, `cannot run job: spawn job ${code}`);
      deepEqual(events, [READY, QUIT]);
    });
  }

  it('does not run the job when the sidecar does not get ready, and asks it to end', async () => {
    const { events, error } = await run({ flags: ['--timeoutSeconds=0'] });

    const message =
      'the command is not run: timeout waiting for Envoy proxy to become ready. Last error: <nil>';
    deepEqual([error instanceof ExitError && [error.exitCode, error.message]], [[255, message]]);
    deepEqual(events, [QUIT]);
  });

  it('takes its timeout from WAIT_TIMEOUT_SECONDS as wait does', async () => {
    const { events } = await run({ env: { WAIT_TIMEOUT_SECONDS: '0' } });

    deepEqual(events, [QUIT]);
  });

  it('ends without running the job and without a word to the sidecar when it is told to while it waits', async () => {
    const events: string[] = [];
    await using sidecar = await startSidecar(events, { ready: [503] });
    const { context, stop } = recordingContext();
    const clock = new FakeClock();
    const spawn = () => Promise.reject(new Error('it runs'));
    const words = ['--mesh=required', `--url=${sidecar.url}/ready`, `--quitUrl=${sidecar.url}/quit`, 'job'];
    const reason = new StopRequested('SIGTERM');

    const done = rejects(execCommand(context, { clock, spawn }).parseAsync(words), reason);
    stop.abort(reason);
    await done;

    deepEqual(events, []);
  });

  it('runs nothing after it was told to end', async () => {
    const { context, stop } = recordingContext();
    const spawn = () => Promise.reject(new Error('it runs'));
    const reason = new StopRequested('SIGTERM');
    stop.abort(reason);

    await rejects(execCommand(context, { spawn }).parseAsync(['--mesh=none', 'job']), reason);
  });

  it('hands signals on to the job, those that came while it was started too, and stops when it has ended', async () => {
    const job = Promise.withResolvers<Exit>();
    const events: string[] = [];
    const { context, stop } = recordingContext();
    const signals = new EventEmitter();
    const child = Promise.withResolvers<Child>();

    const done = rejects(
      execCommand(context, { signals, spawn: () => child.promise }).parseAsync(['--mesh=none', 'job']),
      new ProgramEnded(143),
    );
    while (signals.listenerCount('SIGTERM') === 0) await setImmediate();
    signals.emit('SIGUSR1');
    child.resolve(fakeChild(events, job.promise));
    await child.promise;
    stop.abort(new StopRequested('SIGTERM'));
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGTERM']) signals.emit(name);
    job.resolve({ code: null, signal: 'SIGTERM' });
    await done;

    deepEqual(events, ['SIGUSR1', 'SIGTERM', 'SIGHUP', 'SIGTERM']);
    deepEqual(signals.eventNames(), []);
  });

  for (const [quit, code, asked] of [
    ['always', 0, true],
    ['always', 1, true],
    ['success', 0, true],
    ['success', 1, false],
    ['never', 0, false],
    ['never', 1, false],
  ] as const) {
    it(`${asked ? 'asks' : 'does not ask'} the sidecar to end after ${code} with --quit=${quit}`, async () => {
      const { events } = await run({
        flags: [`--quit=${quit}`],
        exit: Promise.resolve({ code, signal: null }),
      });

      equal(events.includes(QUIT), asked);
    });
  }

  it('keeps the exit code and warns once when the sidecar cannot be asked', async () => {
    const { error, stderr } = await run({ quit: 403, exit: Promise.resolve({ code: 3, signal: null }) });
    const gone = await run({ flags: ['--mesh=required', '--quitUrl=http://127.0.0.1:1/quit'] });

    deepEqual(error, new ProgramEnded(3));
    equal(stderr.match(/\twarn\t/g)?.length, 1);
    match(stderr, /\twarn\tthe sidecar was not asked to end: http:\S+\/quit answers 403\n/);
    equal(gone.error, undefined);
    equal(gone.stderr.match(/\twarn\tthe sidecar was not asked to end: .*ECONNREFUSED/g)?.length, 1);
  });

  it('says in one line what it takes the pod for', async () => {
    const none = await run({ flags: ['--mesh=none'] });
    const there = await run();

    deepEqual(none.events, [JOB]);
    match(none.stderr, /^\S+\tinfo\t--mesh=none: job runs without a mesh\n$/);
    match(there.stderr, /^\S+\tinfo\tsomebody listens on \S+: job runs when the sidecar is ready\n/);
  });

  it('runs the job at once where nobody listens, and asks nobody', async () => {
    const flags = ['--meshTimeoutSeconds=0', '--quitUrl=http://127.0.0.1:1/quit'];

    const { events, stderr } = await run({ flags });

    deepEqual(events, [JOB]);
    match(stderr, /^\S+\tinfo\tnobody listened on 127\.0\.0\.1:1 for 0 seconds: job runs without a mesh\n$/);
  });

  it('asks a sidecar that came late to end', async () => {
    const asked: (string | undefined)[] = [];
    await using late = new AsyncDisposableStack();
    const port = await closedPort();
    const answer = ({ url }: IncomingMessage, response: ServerResponse): void => {
      asked.push(url);
      response.end();
    };
    const spawn = async (): Promise<Child> => {
      late.use(await loopbackServer(answer, '127.0.0.1', port));
      return fakeChild([], Promise.resolve({ code: 0, signal: null }));
    };
    const words = ['--meshTimeoutSeconds=0', `--quitUrl=http://127.0.0.1:${port}/quit`, 'job'];

    await execCommand(recordingContext().context, { spawn, signals: new EventEmitter() }).parseAsync(words);

    deepEqual(asked, ['/quit']);
  });

  it('wants a command', async () => {
    const { context } = recordingContext();

    await rejects(execCommand(context).parseAsync(['--mesh=none']), {
      message: 'requires a command to run',
    });
  });
});
