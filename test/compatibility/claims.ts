// All that the report claims, in the order of its tables.

import type { Subject } from './claim.ts';
import { commands, words } from './claims/commands.ts';
import { dashboards } from './claims/dashboards.ts';
import { exitCodes, signals, troubles } from './claims/ends.ts';
import { files } from './claims/files.ts';
import { captureRuns, istioIptablesFlags } from './claims/istio-iptables-flags.ts';
import { metrics } from './claims/metrics.ts';
import { image } from './claims/image.ts';
import { otherFlags } from './claims/other-flags.ts';
import { endpoints, exchanges, ports } from './claims/ports.ts';
import { annotations, configuration, proxyConfigFields, proxyMetadataKeys } from './claims/proxy-config.ts';
import { certificates, names, xds } from './claims/protocols.ts';
import { logFlags, proxyFlags } from './claims/proxy-flags.ts';
import { captureVariables } from './claims/variables-capture.ts';
import { controlPlaneVariables } from './claims/variables-control-plane.ts';
import { envoyVariables, restartVariables, shutdownVariables } from './claims/variables-envoy.ts';
import { dnsVariables, healthVariables } from './claims/variables-health.ts';
import { identityVariables } from './claims/variables-identity.ts';
import { podVariables, values } from './claims/variables-pod.ts';
import { unreadVariables } from './claims/variables-unread.ts';

/** Every variable is in one of these. */
export const variableSubjects: readonly Subject[] = [
  podVariables,
  identityVariables,
  controlPlaneVariables,
  envoyVariables,
  restartVariables,
  shutdownVariables,
  healthVariables,
  dnsVariables,
  captureVariables,
  unreadVariables,
];

export const subjects: readonly Subject[] = [
  dashboards,
  exitCodes,
  signals,
  troubles,
  image,
  ports,
  endpoints,
  exchanges,
  files,
  commands,
  words,
  proxyFlags,
  logFlags,
  istioIptablesFlags,
  captureRuns,
  otherFlags,
  proxyConfigFields,
  configuration,
  proxyMetadataKeys,
  annotations,
  xds,
  certificates,
  names,
  values,
  ...variableSubjects,
  metrics,
];
