import { deepEqual, equal, match } from 'node:assert/strict';
import { Readable } from 'node:stream';

import { ExtensionCheck } from '../../../src/envoy/process/extension-check.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { Command, Exit, Spawn } from '../../../src/runtime/spawn.ts';

const PROGRAM = { binaryPath: '/envoy', env: { HOME: '/' }, user: undefined };
const A = { name: 'a.Extension', sample: { a: 1 } };
const B = { name: 'b.Extension', sample: { b: 1 } };

const { signal } = new AbortController();

function unknown(name: string): string {
  return `[2026-11-21 14:46:52.074][1][critical][main] [x.cc:76] error initializing configuration '': Didn't find a registered implementation for '${name}' with type URL: 'x'\n`;
}

/** Every run prints what `print` gives for its command line, and ends. */
function envoyThat(print: (args: string) => string, code = 1): { spawn: Spawn; commands: Command[] } {
  const commands: Command[] = [];
  const spawn: Spawn = (command) => {
    commands.push(command);
    return Promise.resolve({
      pid: 1,
      stdout: Readable.from([]),
      stderr: Readable.from([print(command.args.join(' '))]),
      exited: Promise.resolve({ code, signal: null }),
      signal: () => false,
    });
  };
  return { spawn, commands };
}

function checkWith(spawn: Spawn, clock = systemClock()): { check: ExtensionCheck; warnings: string[] } {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  return { check: new ExtensionCheck({ clock, spawn, warn }, PROGRAM), warnings };
}

describe('ExtensionCheck', () => {
  it('names what Envoy has no implementation for', async () => {
    const { spawn } = envoyThat((args) => (args.includes('"b"') ? unknown('b.Extension') : ''));
    const { check, warnings } = checkWith(spawn);

    deepEqual(await check.lacking([A, B], signal), ['b.Extension']);
    deepEqual(warnings, []);
  });

  it('asks by validating the sample, without a file', async () => {
    const { spawn, commands } = envoyThat(() => '');

    await checkWith(spawn).check.lacking([A], signal);

    const [command] = commands;
    equal(command?.file, '/envoy');
    equal(command.args.join(' '), '--mode validate --disable-hot-restart -l critical --config-yaml {"a":1}');
  });

  it('takes a program that says nothing for an Envoy that has all, and another refusal for one that knows it', async () => {
    const silent = checkWith(envoyThat(() => '', 0).spawn);
    const refusing = checkWith(envoyThat(() => 'collector cluster is not defined\n').spawn);

    deepEqual(await silent.check.lacking([A], signal), []);
    deepEqual(await refusing.check.lacking([A], signal), []);
    deepEqual([...silent.warnings, ...refusing.warnings], []);
  });

  it('asks once for each', async () => {
    const { spawn, commands } = envoyThat(() => unknown('a.Extension'));
    const { check } = checkWith(spawn);

    const [first, second] = await Promise.all([check.lacking([A], signal), check.lacking([A], signal)]);
    const third = await check.lacking([A], signal);

    deepEqual([first, second, third], [[A.name], [A.name], [A.name]]);
    equal(commands.length, 1);
  });

  it('warns when Envoy cannot be run, and takes it for one that has all', async () => {
    const { check, warnings } = checkWith(() => Promise.reject(new Error('ENOENT')));

    deepEqual(await check.lacking([A], signal), []);
    match(warnings[0] ?? '', /^cannot tell whether \/envoy has a\.Extension: ENOENT; .*ENVOY_FLAVOR$/);
  });

  it('ends a run that takes too long, with a warning', async () => {
    const exited = Promise.withResolvers<Exit>();
    const spawn: Spawn = () =>
      Promise.resolve({
        pid: 1,
        stdout: Readable.from([]),
        stderr: Readable.from([]),
        exited: exited.promise,
        signal: (name) => {
          exited.resolve({ code: null, signal: name });
          return true;
        },
      });
    const slept: number[] = [];
    const clock = {
      ...systemClock(),
      sleep: (ms: number) => {
        slept.push(ms);
        return Promise.resolve();
      },
    };
    const { check, warnings } = checkWith(spawn, clock);

    deepEqual(await check.lacking([A], signal), []);
    deepEqual(slept[0], 5000);
    match(warnings[0] ?? '', /no answer in time/);
  });
});
