// What the status server of an agent would be given, with parts that a test sets and that note what they are asked.

import { Counters } from '../../../src/agent/counters.ts';
import { StartupTimeline } from '../../../src/agent/startup-timeline.ts';
import { statusDeps, type StatusParts } from '../../../src/agent/status.ts';
import type { EnvoySnapshot, EpochSnapshot } from '../../../src/envoy/snapshot.ts';
import type { CertificateStatus } from '../../../src/security/certificate-status.ts';
import type { StatusDeps } from '../../../src/status/server.ts';
import type { XdsProxySnapshot } from '../../../src/xds-proxy/proxy.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { agentConfig, type GivenConfig } from './agent-config.ts';
import { envoySnapshot, LIVE_EPOCH } from './envoy-snapshot.ts';

export class StatusWorld {
  readonly asked: string[] = [];
  readonly recorded = recordingLog();
  readonly stop = new AbortController();
  readonly counters = new Counters();
  active: EpochSnapshot | undefined = LIVE_EPOCH;
  candidate: EnvoySnapshot['candidate'];
  changes: Partial<EnvoySnapshot> = {};
  xds: XdsProxySnapshot = { generations: [] };
  certificate: Partial<CertificateStatus> = {};
  names: ReturnType<StatusParts['nameServer']>;
  drain: () => Promise<void> = () => Promise.resolve();

  async deps(given: GivenConfig = {}, host: Partial<StatusParts['host']> = {}): Promise<StatusDeps> {
    const clock = new FakeClock();
    const note =
      (name: string) =>
      (what = ''): void =>
        void this.asked.push(`${name} ${what}`.trim());
    const parts: StatusParts = {
      supervisor: {
        snapshot: () => this.#snapshot(),
        drainingConnections: async () => new Map([[4, 17]]),
        drain: () => this.drain(),
      },
      secrets: {
        facts: () => ({
          source: 'ca',
          serial: '01',
          uris: ['spiffe://cluster.local/ns/shop/sa/web'],
          notBeforeMs: 0,
          notAfterMs: 1,
          nextRotationMs: undefined,
          lastSuccessMs: undefined,
          rotations: { success: 0, failure: 0 },
          lastError: undefined,
          secrets: [],
          ...this.certificate,
        }),
        source: this.certificate.source ?? 'ca',
      },
      counters: this.counters,
      controls: {
        restart: (by, options) => void this.asked.push(`restart ${by}${options?.force ? ' by force' : ''}`),
        rotate: note('rotate'),
        stop: note('stop'),
        quit: note('quit'),
        reopenLogs: note('reopenLogs'),
        kill: note('kill'),
      },
      xdsSnapshot: () => this.xds,
      nameServer: () => this.names,
      host: { instanceIps: ['10.0.0.7'], servesFilesOnly: false, ...host },
      stopping: this.stop.signal,
      clock,
      log: this.recorded.log,
      processStartMs: clock.now(),
      commandLine: [],
      logLevels: new Map(),
      startup: new StartupTimeline({ clock, log: this.recorded.log, processStartMs: clock.now() }),
    };
    return statusDeps(await agentConfig(given), parts);
  }

  #snapshot(): EnvoySnapshot {
    const { active, candidate } = this;
    return envoySnapshot({ phase: 'running', baseId: 1, active, candidate, ...this.changes });
  }
}
