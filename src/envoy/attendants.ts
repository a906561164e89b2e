// What goes on beside the supervisor's loop and ends with it: kept admin connections, reminders, the watch over old
// Envoys, the end of those that would abort.

import { messageOf } from '../runtime/errors.ts';
import { endDoomed, type DoomedDeps } from './start/doomed.ts';
import { watchDraining, type DrainingDeps } from './draining.ts';
import type { Epoch } from './process/epoch.ts';
import { keepLifelines } from './admin/lifeline-keeper.ts';
import { remindOfLostAdmin } from './admin/lost-admin.ts';
import type { EnvoySettings } from './settings.ts';

export type AttendantsDeps = DoomedDeps & Omit<DrainingDeps, 'timing' | 'onDoomed'>;

export class Attendants {
  readonly #deps: AttendantsDeps;
  readonly #settings: EnvoySettings;
  readonly #works = new Set<Promise<void>>();
  /** Aborts when there is no time left for anything new. */
  #ending = AbortSignal.abort();

  constructor(deps: AttendantsDeps, settings: EnvoySettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /**
   * @param lifetime aborts when no Envoy is to be started any more; whoever aborts it notifies `roster.changed`
   * @param ending aborts when the agent is to end
   */
  begin(lifetime: AbortSignal, ending: AbortSignal): void {
    const { lifelinePingMs, adminLostReminderMs } = this.#settings.timing;
    this.#ending = AbortSignal.any([lifetime, ending]);
    this.#run(keepLifelines(this.#deps, lifelinePingMs, lifetime));
    this.#run(remindOfLostAdmin(this.#deps, adminLostReminderMs, lifetime));
  }

  /** The Envoy has begun to drain. */
  readonly onDraining = (epoch: Epoch): void => {
    const { timing } = this.#settings;
    this.#run(watchDraining(epoch, { ...this.#deps, timing, onDoomed: this.onDoomed }));
  };

  /** The Envoy cannot end its parent, because that is gone. */
  readonly onDoomed = (epoch: Epoch): void => {
    this.#run(endDoomed(epoch, this.#deps, this.#settings, this.#ending));
  };

  /** Resolves when all of it has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#works);
  }

  /** What it fails with is logged: nobody waits for it. */
  #run(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.#deps.log.error(`supervisor: ${messageOf(error)}`))
      .finally(() => this.#works.delete(done));
    this.#works.add(done);
  }
}
