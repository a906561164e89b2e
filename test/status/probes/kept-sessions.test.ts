import { equal, ok } from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';

import { KeptSessions } from '../../../src/status/probes/kept-sessions.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Counts pings, and answers them unless it is silent. */
class FakeSession extends EventEmitter {
  pings = 0;
  closed = false;
  destroyed = false;
  isSilent = false;

  ping(done: (error: Error | null) => void): boolean {
    this.pings += 1;
    if (!this.isSilent) done(null);
    return true;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function kept(clock: FakeClock): { readonly sessions: KeptSessions; readonly session: FakeSession } {
  const sessions = new KeptSessions(clock);
  const session = new FakeSession();
  ok(sessions.keep('a:1', session as unknown as ClientHttp2Session));
  return { sessions, session };
}

describe('KeptSessions', () => {
  it('keeps one for each port', () => {
    const { sessions, session } = kept(new FakeClock());
    const other = new FakeSession() as unknown as ClientHttp2Session;

    equal(sessions.keep('a:1', other), false);
    equal(sessions.keep('a:2', other), true);
    equal(sessions.get('a:1'), session as unknown);
    equal(sessions.get('a:2'), other);
    sessions.close();
  });

  it('forgets one that is closed, or will be', () => {
    const { sessions, session } = kept(new FakeClock());

    session.closed = true;
    equal(sessions.get('a:1'), undefined);
    session.emit('close');

    ok(sessions.keep('a:1', new FakeSession() as unknown as ClientHttp2Session));
    sessions.close();
  });

  it('sends a ping after 30 seconds in which nobody used it', async () => {
    const clock = new FakeClock();
    const { sessions, session } = kept(clock);

    await clock.tick(20_000);
    sessions.get('a:1');
    await clock.tick(29_999);
    equal(session.pings, 0);
    await clock.tick(1);
    equal(session.pings, 1);
    await clock.tick(30_000);

    equal(session.pings, 2);
    equal(session.destroyed, false);
    sessions.close();
  });

  it('gives one up that does not answer within 15 seconds', async () => {
    const clock = new FakeClock();
    const { sessions, session } = kept(clock);
    session.isSilent = true;

    await clock.tick(44_999);
    equal(session.destroyed, false);
    await clock.tick(1);

    equal(session.destroyed, true);
    equal(sessions.get('a:1'), undefined);
  });

  it('ends all of them', async () => {
    const clock = new FakeClock();
    const { sessions, session } = kept(clock);

    sessions.close();
    await clock.tick(60_000);

    equal(session.destroyed, true);
    equal(session.pings, 0);
  });
});
