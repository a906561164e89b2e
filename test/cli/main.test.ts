import assert from 'node:assert/strict';

import { Command } from 'commander';

import type { CommandEntry } from '../../src/cli/command-entry.ts';
import { ExitError, ProgramEnded, StopRequested, type CliContext } from '../../src/cli/context.ts';
import { goCommand } from '../../src/cli/go-flags.ts';
import { runProgram } from '../../src/cli/main.ts';
import { AgentError } from '../../src/runtime/errors.ts';
import { recordingContext } from '../support/cli-context.ts';

function entry(
  name: string,
  run: (context: CliContext, args: readonly string[]) => Promise<void>,
): CommandEntry {
  const make = (context: CliContext): Command =>
    goCommand({
      name,
      description: `Do ${name}.`,
      flags: {},
      unknownFlags: 'refuse',
      run: ({ args }) => run(context, args),
    });
  return { name, group: 'In a pod', description: `Do ${name}.`, load: async () => make };
}

async function start(line: string, run: (context: CliContext, args: readonly string[]) => Promise<void>) {
  const { context, stdout, stderr } = recordingContext(line.split(' ').filter((word) => word !== ''));
  const exitCode = await runProgram(context, [entry('proxy', run), entry('wait', async () => undefined)]);
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

async function failing(error: unknown) {
  return start('proxy', async () => {
    throw error;
  });
}

/** The message column of the log lines. */
function logged(stdout: string): string {
  return stdout.replace(/^[^\t]+\terror\t/, '');
}

describe('runProgram', () => {
  it('runs the command with the words after it', async () => {
    const { exitCode, stdout, stderr } = await start('proxy a b', async (context, args) => {
      context.stdout.write(args.join('+'));
    });

    assert.deepEqual([exitCode, stdout, stderr], [0, 'a+b', '']);
  });

  it('loads no command but the one that is asked for', async () => {
    const { context } = recordingContext(['wait']);
    const broken: CommandEntry = {
      name: 'proxy',
      group: 'In a pod',
      description: '',
      load: () => Promise.reject(new Error('loaded')),
    };

    const exitCode = await runProgram(context, [broken, entry('wait', async () => undefined)]);

    assert.equal(exitCode, 0);
  });

  it('reports an error on stderr and as a log line on stdout, and ends with 255', async () => {
    const { exitCode, stdout, stderr } = await failing(new AgentError('it broke'));

    assert.equal(exitCode, 255);
    assert.equal(stderr, 'Error: it broke\n');
    assert.match(stdout, /^\d{4}-\d\d-\d\dT[\d:.]+Z\terror\tit broke\n$/);
  });

  it('ends with the code an error brings, and logs nothing twice', async () => {
    const { exitCode, stdout, stderr } = await failing(new ExitError('no rules', 126, { logged: true }));

    assert.deepEqual([exitCode, stdout, stderr], [126, '', 'Error: no rules\n']);
  });

  it('shows the stack of an error nobody foresaw', async () => {
    const { exitCode, stderr } = await failing(new TypeError('bug'));

    assert.equal(exitCode, 255);
    assert.match(stderr, /^Error: bug\nTypeError: bug\n {4}at /);
  });

  it('ends like a process a signal ended, without a word', async () => {
    assert.deepEqual(await failing(new StopRequested('SIGTERM')), { exitCode: 143, stdout: '', stderr: '' });
    assert.equal((await failing(new StopRequested('SIGINT'))).exitCode, 130);
  });

  it('ends as the program it ran for its user, and says nothing', async () => {
    assert.deepEqual(await failing(new ProgramEnded(3)), { exitCode: 3, stdout: '', stderr: '' });
  });

  it('refuses an unknown flag, without usage', async () => {
    const { exitCode, stderr } = await start('wait --foo', async () => undefined);

    assert.deepEqual([exitCode, stderr], [255, 'Error: unknown flag: --foo\n']);
  });

  it('refuses an unknown command, with a hint on stderr only', async () => {
    const { exitCode, stdout, stderr } = await start('prxy', async () => undefined);

    const text = 'unknown command "prxy" for "pilot-agent"\n\nDid you mean this?\n\tproxy';
    assert.equal(exitCode, 255);
    assert.equal(stderr, `Error: ${text}\nRun 'pilot-agent --help' for usage.\n`);
    assert.equal(logged(stdout), `${text}\n`);
  });

  it('shows help on stdout without a command, on request, and for one command', async () => {
    for (const line of ['', '-h', '--help', 'help', '-c x', '--log_as_json']) {
      const { exitCode, stdout, stderr } = await start(line, async () => undefined);
      assert.deepEqual([exitCode, stderr], [0, ''], line);
      assert.match(stdout, /\nIn a pod:\n {2}proxy {2}Do proxy\.\n {2}wait {3}Do wait\.\n\nFlags:/, line);
    }
    for (const line of ['help proxy', 'proxy --help', 'proxy -h']) {
      const { exitCode, stdout } = await start(line, async () => assert.fail('ran'));
      assert.equal(exitCode, 0, line);
      assert.match(stdout, /Do proxy\./, line);
      assert.match(stdout, /-h, --help {2,}Show this help\./, line);
    }
  });

  it('answers an unknown help topic on stderr, with 0', async () => {
    const { exitCode, stdout, stderr } = await start('help nosuch', async () => undefined);

    assert.deepEqual([exitCode, stdout], [0, '']);
    assert.match(stderr, /^Unknown help topic \[`nosuch`\]\nUsage: agent <command>/);
  });

  it('reports what an ordinary commander command refuses in the same way', async () => {
    const { context, stderr } = recordingContext(['plain', '--nosuch']);
    const plain: CommandEntry = {
      name: 'plain',
      group: undefined,
      description: '',
      load: async () => () => new Command('plain'),
    };

    const exitCode = await runProgram(context, [plain]);

    assert.deepEqual([exitCode, stderr()], [255, "Error: unknown option '--nosuch'\n"]);
  });
});
