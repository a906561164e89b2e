// One start of the agent as the case files tell it, and what is known to come of it.

import type { Json, JsonObject, TextMap } from '../../../src/runtime/json.ts';

export interface LaunchExpectation {
  readonly exitCode: number;
  /** Without argv[0], null when Envoy is not started. */
  readonly envoyArgv: readonly string[] | null;
  /** Of `--config-yaml`, parsed. */
  readonly configYaml?: Json;
  /** The file behind `-c`, null when there is none. */
  readonly bootstrap: JsonObject | null;
  /** What the reference wrote where that was no JSON. */
  readonly bootstrapText?: string;
  /** Absent when the file is not written. */
  readonly grpcBootstrap?: JsonObject;
  readonly lightstepToken?: string;
  /** `uid:gid`, absent when they are those of the agent. */
  readonly envoyUserGroup?: string;
  /** What Envoy's environment has beyond the agent's. */
  readonly envoyEnvAdded?: TextMap;
  /** The agent runs until this signal, which is sent once the gRPC bootstrap is there. */
  readonly stoppedWith?: NodeJS.Signals;
  readonly stderrContains?: readonly string[];
  readonly logContains?: readonly string[];
}

export interface AgentStart {
  /** Says why the recorded behaviour is not wanted here; deviations.ts says what is. */
  readonly deviation?: string;
  readonly args: readonly string[];
  readonly env: TextMap;
  /** By path below the working directory; null for a file that must not be there. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly interfaces?: Readonly<Record<string, readonly string[]>>;
  readonly resolvConf?: string;
  readonly expected: LaunchExpectation;
}

export interface LaunchCase extends AgentStart {
  readonly name: string;
}
