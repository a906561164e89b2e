// What happened to a pod, in order, with the time since the kubelet got it.

import type { Clock } from '../../../../../src/runtime/clock.ts';
import type { EventKind, PodEvent } from '../contract.ts';

export class EventLog {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #events: PodEvent[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
  }

  get events(): readonly PodEvent[] {
    return this.#events;
  }

  add(kind: EventKind, container: string, detail = ''): void {
    const atMs = Math.round(this.#clock.monotonicMs() - this.#startMs);
    this.#events.push({ atMs, kind, container, detail });
    this.changed();
  }

  /** Wakes who waits, for a change that is no event. */
  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** @returns ends the watch */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** One line for each event. */
export function eventLines(events: readonly PodEvent[]): string {
  const line = ({ atMs, kind, container, detail }: PodEvent): string =>
    [`${atMs} ms`, kind, container, detail].filter((part) => part !== '').join(' ');
  return events.map(line).join('\n');
}
