import assert from 'node:assert/strict';

import { countsSince } from '../../../examples/demo/load.ts';
import { claim, Report } from '../../../examples/demo/report.ts';

describe('Report', () => {
  it('prints a line per claim and counts those that did not hold', async () => {
    const lines: string[] = [];
    const report = new Report((line) => lines.push(line), new AbortController().signal);

    const held = await report.check('good', () => Promise.resolve('3 ms'));
    const failed = await report.check('bad', async () => {
      claim(false, 'it was not so');
      return '';
    });

    assert.deepEqual([held, failed, report.failed], [true, false, 1]);
    assert.deepEqual(lines, ['✓ good              3 ms', '✗ bad               it was not so']);
  });

  it('claims nothing more once it was stopped', async () => {
    const stop = new AbortController();
    const report = new Report(assert.fail, stop.signal);
    stop.abort(new Error('stopped'));

    await assert.rejects(
      report.check('late', () => Promise.reject(new Error('consequence'))),
      { message: 'stopped' },
    );
    assert.equal(report.failed, 0);
  });
});

describe('countsSince', () => {
  it('tells what happened between two counts, and only the reasons that came up', () => {
    const before = { sent: 10, ok: 8, failed: 1, reasons: { '503': 1 } };
    const after = { sent: 30, ok: 26, failed: 3, reasons: { '503': 1, 'socket hang up': 2 } };

    assert.deepEqual(countsSince(before, after), {
      sent: 20,
      ok: 18,
      failed: 2,
      reasons: { 'socket hang up': 2 },
    });
  });
});
