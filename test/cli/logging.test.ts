import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ExitError, StopRequested } from '../../src/cli/context.ts';
import { openLog, openPlainLog, withLog } from '../../src/cli/logging.ts';
import { flagDefaults } from '../../src/config/flag-rows.ts';
import { logFlags, type LogFlagValues } from '../../src/config/log-flags.ts';
import { AgentError } from '../../src/runtime/errors.ts';
import { recordingContext } from '../support/cli-context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function flags(given: Partial<LogFlagValues>): LogFlagValues {
  return { ...flagDefaults(logFlags), ...given };
}

describe('openLog', () => {
  it('refuses a bad level and a target that cannot be opened', async () => {
    await assert.rejects(openLog(flags({ logOutputLevel: 'foo' })), {
      message: "invalid output level 'foo'",
    });
    await assert.rejects(openLog(flags({ logTarget: ['/nosuch/dir/log'] })), {
      name: 'ConfigError',
      message: /^cannot open --log_target \/nosuch\/dir\/log: ENOENT/,
    });
  });

  it('appends to a file, with the level of each scope', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'log');

    const opened = await openLog(flags({ logTarget: [target], logOutputLevel: 'sds:debug,default:error' }));
    opened.log.info('default scope');
    opened.log.child('sds').debug('from sds');
    opened.log.child('cache').debug('from cache');
    opened.log.child('cache').info('cache info');
    await opened.close();

    const lines = (await readFile(target, 'utf8')).trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split('\t').slice(1)),
      [
        ['debug', 'sds', 'from sds'],
        ['info', 'cache', 'cache info'],
      ],
    );
  });
});

describe('openLog levels', () => {
  it('are those of every scope, and hold for loggers made before they were set', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'log');
    const opened = await openLog(flags({ logTarget: [target] }));
    const { log, levels } = opened;
    const [dns, sds] = [log.child('dns'), log.child('sds')];

    dns.debug('before');
    levels.set('dns', 'debug').set('sds', 'error');
    dns.debug('after');
    sds.warn('not any more');
    await opened.close();

    const lines = (await readFile(target, 'utf8')).trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split('\t').at(-1)),
      ['after'],
    );
    assert.equal(levels.get('xdsproxy'), 'info');
    assert.equal(levels.get('grpc'), 'none');
  });
});

describe('openPlainLog', () => {
  it('writes each line at once, in the wanted form, to every target', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'log');
    const { context, stdout, stderr } = recordingContext();

    const logTarget = ['stderr', target];
    const log = await openPlainLog(context, flags({ logTarget, logAsJson: true, logCaller: 'default' }));
    log.info('ready');
    log.debug('hidden');

    assert.equal(stdout(), '');
    assert.equal(await readFile(target, 'utf8'), stderr());
    assert.match(
      stderr(),
      /^\{"level":"info","time":"[^"]+","caller":"logging.test.ts:\d+","msg":"ready"\}\n$/,
    );
  });

  it('goes on when a line cannot be written', async () => {
    const { context, stderr } = recordingContext();

    (await openPlainLog(context, flags({ logTarget: ['/dev/full'] }))).info('lost');

    assert.match(stderr(), /^cannot write to log target \/dev\/full: ENOSPC/);
  });

  it('refuses a bad level and a target that cannot be opened', async () => {
    const { context } = recordingContext();

    await assert.rejects(openPlainLog(context, flags({ logOutputLevel: 'a:b:c' })), {
      message: "invalid output level format 'a:b:c'",
    });
    await assert.rejects(openPlainLog(context, flags({ logTarget: ['/nosuch/dir/log'] })), /cannot open/);
  });
});

describe('withLog', () => {
  it('logs a failure in the log of the command and marks it as logged', async () => {
    await using directory = await temporaryDirectory();
    const logTarget = [join(directory.path, 'log')];
    const cause = new AgentError('it broke');

    const failing = withLog(flags({ logTarget, logAsJson: true }), async () => {
      throw cause;
    });

    await assert.rejects(failing, (error: unknown) => {
      assert.ok(error instanceof ExitError);
      assert.deepEqual(
        [error.message, error.exitCode, error.logged, error.cause],
        ['it broke', 255, true, cause],
      );
      return true;
    });
    const line = await readFile(logTarget[0] ?? '', 'utf8');
    assert.equal((JSON.parse(line) as { msg: string }).msg, 'it broke');
  });

  it('keeps the exit code an error brings, and lets a stop pass', async () => {
    await using directory = await temporaryDirectory();
    const logTarget = [join(directory.path, 'log')];
    const rejectWith = (error: Error) =>
      withLog(flags({ logTarget }), async () => {
        throw error;
      });

    await assert.rejects(rejectWith(new ExitError('x', 7)), { exitCode: 7 });
    const stop = new StopRequested('SIGTERM');
    await assert.rejects(rejectWith(stop), stop);
  });
});
