// What the supervisor is given. What only tests replace has a default: the machine it runs on.

import { readFile } from 'node:fs/promises';

import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Spawn } from '../runtime/spawn.ts';
import { AdminClient, freshConnections } from './admin/admin-client.ts';
import { kernelConnections, type CountSockets } from './end/kernel-connections.ts';
import type { EnvoyOutput } from './process/epoch.ts';
import { fileIdentity } from './process/file-identity.ts';
import type { Readiness } from './restart/gates.ts';
import type { AdminAccess } from './process/launcher.ts';
import { openLifeline } from './admin/lifeline.ts';
import { HeldBinaries, type BinaryKeeper } from './process/held-binaries.ts';
import { lackOfMemory } from './memory/memory-headroom.ts';
import type { CountOomKills } from './memory/memory-kill.ts';
import { NO_LEDGER, type RegionLedger } from './memory/region-ledger.ts';
import type { EnvoySettings } from './settings.ts';
import { sharedMemory, type SharedMemory } from './memory/shared-memory.ts';
import type { EnvoyObserver } from './snapshot.ts';
import type { BootstrapLaunch, WrittenBootstrap } from './process/written-bootstrap.ts';

export interface EnvoyDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Where Envoy's own lines go. */
  readonly output: EnvoyOutput;
  /** Writes the bootstrap of one Envoy; rejects when it cannot be rendered. */
  readonly writeBootstrap: (launch: BootstrapLaunch) => Promise<WrittenBootstrap>;
  /** Removes the bootstrap of an Envoy that is gone; does nothing for a file the user gave. */
  readonly removeBootstrap: (path: string) => Promise<void>;
  /** Control plane connected, and the last CDS and LDS acknowledged by this generation? */
  readonly xdsReady: (generation: number) => Readiness;
  /** Can a workload certificate be had now? Default: yes. */
  readonly certificateReady?: () => Readiness;
  /** Default: nobody is told. */
  readonly observer?: EnvoyObserver;
  /** Which file a path leads to; undefined: none. Default: the file system's answer. */
  readonly fileIdentity?: (path: string) => Promise<string | undefined>;
  /** Has the files of Envoys that were live. Default: of this machine. */
  readonly binaries?: BinaryKeeper;
  /** Content of a bootstrap that was written. Default: the file's. */
  readonly readText?: (path: string) => Promise<string>;
  /** Why a second Envoy beside this process does not fit into memory; undefined: it does. Default: the kernel's figures. */
  readonly lackOfMemory?: (pid: number) => Promise<string | undefined>;
  /** Default: the admin port of the settings. */
  readonly admin?: AdminAccess;
  /** Default: `/dev/shm`. */
  readonly memory?: SharedMemory;
  /** Regions of an agent before this one. Default: none are known. */
  readonly ledger?: RegionLedger;
  /** Open connections of a process. Default: those the kernel knows of. */
  readonly countSockets?: CountSockets;
  /** Default: nobody counts. */
  readonly oomKills?: CountOomKills;
}

export function withDefaults(deps: EnvoyDeps, settings: EnvoySettings): Required<EnvoyDeps> {
  return {
    certificateReady: () => ({ ok: true, reason: '' }),
    observer: { restarted: () => undefined, ended: () => undefined },
    fileIdentity,
    binaries: new HeldBinaries(),
    readText: (path) => readFile(path, 'utf8'),
    lackOfMemory: (pid) => lackOfMemory(pid),
    admin: {
      fresh: new AdminClient(freshConnections(settings.admin)),
      openLifeline: () => openLifeline(settings.admin),
    },
    memory: sharedMemory(),
    ledger: NO_LEDGER,
    countSockets: kernelConnections(),
    oomKills: () => Promise.resolve(undefined),
    ...deps,
  };
}
