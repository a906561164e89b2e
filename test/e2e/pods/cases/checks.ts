// The checks by the names under which the table lists them: sentences whose subject is the pod.

import type { Check, EndedSubject } from './check.ts';
import * as capture from './checks/capture.ts';
import * as container from './checks/container.ts';
import * as dns from './checks/dns.ts';
import * as end from './checks/end.ts';
import * as envoy from './checks/envoy.ts';
import * as gateway from './checks/gateway.ts';
import * as metrics from './checks/metrics.ts';
import * as order from './checks/order.ts';
import * as probes from './checks/probes.ts';
import * as proxyless from './checks/proxyless.ts';
import * as traffic from './checks/traffic.ts';
import * as validation from './checks/validation.ts';

/** Of a pod that runs. */
export const RUNNING_CHECKS = {
  'is ready in time': order.isReadyInTime,
  'finishes, and its sidecar with it': order.finishes,
  'fails with exit code 126 without rules': validation.failsWithoutRules,
  'finds the rules of the plugin': validation.findsTheRulesOfThePlugin,
  'has the rules of its arguments': capture.hasTheRulesOfItsArguments,
  'has its ports and users in the kernel': capture.hasItsPortsAndUsersInTheKernel,
  'has no rules': capture.hasNoRules,
  'starts its application after the proxy': order.startsItsApplicationAfterTheProxy,
  'runs its postStart hooks': order.runsItsPostStartHooks,
  'runs Envoy as the pod says': envoy.runsEnvoyAsThePodSays,
  'answers its own probes': probes.answersItsOwnProbes,
  'answers rewritten probes': probes.answersRewrittenProbes,
  'tells of a failing application': probes.tellsOfAFailingApplication,
  'is called over mTLS': traffic.isCalledOverMutualTls,
  'calls over mTLS': traffic.callsOverMutualTls,
  'is called by its sidecar': traffic.isCalledByItsSidecar,
  'keeps the source address': traffic.keepsTheSourceAddress,
  'takes plain text from outside the mesh': traffic.takesPlainText,
  'refuses plain text from outside the mesh': traffic.refusesPlainText,
  'takes its inbound ports': traffic.takesItsInboundPorts,
  'leaves other inbound ports alone': traffic.leavesOtherInboundPortsAlone,
  'leaves excluded outbound ports alone': traffic.leavesExcludedOutboundPortsAlone,
  'leaves other addresses alone': traffic.leavesOtherAddressesAlone,
  'answers names of the mesh': dns.answersNamesOfTheMesh,
  'merges metrics': metrics.mergesMetrics,
  'shows its metrics': metrics.showsItsMetrics,
  'routes into the mesh': gateway.routesIntoTheMesh,
  'answers unknown hosts with 404': gateway.answersUnknownHostsWith404,
  'writes bootstrap and certificates': proxyless.writesBootstrapAndCertificates,
  'calls by proxyless xDS': proxyless.callsByProxylessXds,
  'runs as its user': container.runsAsItsUser,
  'leaves no zombie': container.leavesNoZombie,
  'has a read-only root': container.hasAReadOnlyRoot,
  'gives its files their modes': container.givesItsFilesTheirModes,
  'shows its memory': container.showsItsMemory,
  'restarts nothing': order.restartsNothing,
  'logs no secret': container.logsNoSecret,
  'logs no trouble': container.logsNoTrouble,
} satisfies Readonly<Record<string, Check>>;

/** Of a pod that was deleted. */
export const END_CHECKS = {
  'ends within its grace period': end.endsWithinItsGracePeriod,
  'ends with exit code 0': end.endsWithExitCode0,
  'fails no request in flight': end.failsNoRequestInFlight,
  'drains before it ends': end.drainsBeforeItEnds,
  'runs its preStop hooks': end.runsItsPreStopHooks,
} satisfies Readonly<Record<string, Check<EndedSubject>>>;

export type RunningCheckName = keyof typeof RUNNING_CHECKS;
export type EndCheckName = keyof typeof END_CHECKS;
