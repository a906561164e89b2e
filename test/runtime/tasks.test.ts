import { deepEqual, equal, rejects } from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';

import { aborted, abortable, ifResolved, runTasks, type Task } from '../../src/runtime/tasks.ts';

describe('runTasks', () => {
  it('ends normally when the parent asks for it', async () => {
    const parent = new AbortController();
    const task: Task = async (signal) => {
      await aborted(signal);
      throw signal.reason;
    };

    const running = runTasks(parent.signal, [task, task]);
    parent.abort(new Error('asked'));

    await running;
  });

  it('aborts the others at the first failure and rethrows it after all have ended', async () => {
    const ended: string[] = [];
    const failing: Task = () => Promise.reject(new Error('broken'));
    const waiting: Task = async (signal) => {
      await aborted(signal);
      ended.push((signal.reason as Error).message);
    };

    await rejects(runTasks(new AbortController().signal, [waiting, failing]), { message: 'broken' });

    deepEqual(ended, ['broken']);
  });
});

describe('abortable', () => {
  it('gives the value when it comes first', async () => {
    equal(await abortable(Promise.resolve(7), new AbortController().signal), 7);
  });

  it("rejects with the signal's reason", async () => {
    const controller = new AbortController();

    const waiting = abortable(new Promise<never>(() => undefined), controller.signal);
    controller.abort(new Error('enough'));

    await rejects(waiting, { message: 'enough' });
  });

  it('takes care of a promise that fails although the signal came before', async () => {
    const late = Promise.withResolvers<never>();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      await rejects(abortable(late.promise, AbortSignal.abort(new Error('enough'))), { message: 'enough' });
      late.reject(new Error('too late'));
      await turn();
    } finally {
      process.off('unhandledRejection', note);
    }

    deepEqual(unhandled, []);
  });
});

describe('ifResolved', () => {
  it('gives what is there already, and does not wait for what is not', async () => {
    equal(await ifResolved(Promise.resolve(7)), 7);
    equal(await ifResolved(new Promise<number>(() => undefined)), undefined);
  });
});
