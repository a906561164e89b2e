import { deepEqual, equal } from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { consoleLine, plainLog, recordLog, type LogRecord } from '../../src/runtime/log.ts';
import { winstonLog } from '../../src/runtime/winston-log.ts';

describe('log', () => {
  it('writes a console line as tab separated columns', () => {
    const time = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678));

    const line = consoleLine({
      time,
      level: 'info',
      scope: 'sds',
      message: 'ready',
      fields: { id: 1, x: undefined },
    });

    equal(line, '2026-01-02T03:04:05.678000Z\tinfo\tsds\tready\tid=1');
  });

  it('gives a child its scope', () => {
    const records: LogRecord[] = [];

    recordLog((record) => records.push(record))
      .child('dns')
      .warn('slow', { ms: 3 });

    deepEqual(
      records.map(({ level, scope, message, fields }) => ({ level, scope, message, fields })),
      [{ level: 'warn', scope: 'dns', message: 'slow', fields: { ms: 3 } }],
    );
  });

  it('keeps debug lines out of the plain writer', () => {
    const lines: string[] = [];
    const log = plainLog((line) => lines.push(line));

    log.debug('no');
    log.error('yes');

    equal(lines.length, 1);
    equal(lines[0]?.endsWith('\terror\tyes\n'), true);
  });
});

describe('winstonLog', () => {
  it('appends JSON lines to a file, filtered by the level of their scope', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'log-'));
    const path = join(directory, 'agent.log');
    const levels = new Map([['default', 'info'] as const, ['sds', 'debug'] as const]);
    const target = winstonLog({ targets: [path], json: true, levels });

    target.log.debug('hidden');
    target.log.child('sds').debug('shown', { resource: 'default' });
    await target.close();

    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await rm(directory, { recursive: true });
    deepEqual(lines.map(withoutTime), [{ level: 'debug', scope: 'sds', msg: 'shown', resource: 'default' }]);
  });

  it('can be closed twice and drops what comes later', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'log-'));
    const path = join(directory, 'agent.log');
    const target = winstonLog({ targets: [path], json: true, levels: new Map() });
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
