import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { winstonLog } from '../../src/runtime/winston-log.ts';

const NO_ORIGIN = { stackLevels: new Map(), callers: new Set<string>() };

describe('winstonLog', () => {
  it('appends JSON lines to a file, filtered by the level of their scope', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'log-'));
    const path = join(directory, 'agent.log');
    const levels = new Map([['default', 'info'] as const, ['sds', 'debug'] as const]);
    const target = winstonLog({ targets: [path], ...NO_ORIGIN, json: true, levels });

    target.log.debug('hidden');
    target.log.child('sds').debug('shown', { resource: 'default' });
    await target.close();

    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await rm(directory, { recursive: true });
    deepEqual(lines.map(withoutTime), [{ level: 'debug', scope: 'sds', msg: 'shown', resource: 'default' }]);
  });

  it('tells of lines it cannot write, and goes on', async () => {
    const problems: string[] = [];
    const settings = { targets: ['/dev/full'], ...NO_ORIGIN, json: true, levels: new Map() };
    const target = winstonLog(settings, (problem) => problems.push(problem));

    target.log.info('one');
    target.log.info('two');
    await target.close();

    equal(problems.length, 2);
    match(problems[0] ?? '', /^cannot write to log target \/dev\/full: ENOSPC/);
  });

  it('can be closed twice and drops what comes later', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'log-'));
    const path = join(directory, 'agent.log');
    const target = winstonLog({ targets: [path], ...NO_ORIGIN, json: true, levels: new Map() });
    target.log.info('in time');
    await target.close();

    target.log.error('too late');
    await target.close();

    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await rm(directory, { recursive: true });
    deepEqual(lines.map(withoutTime), [{ level: 'info', msg: 'in time' }]);
  });
});

function withoutTime(line: string): object {
  const { time, ...rest } = JSON.parse(line) as { time: string };
  equal(Number.isNaN(Date.parse(time)), false);
  return rest;
}
