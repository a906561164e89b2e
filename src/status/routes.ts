// What is served at which path, and who may call it: a table. How a request finds its route is in dispatch.ts, and what
// is answered in the file of each subject.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go; restart, rotate and most /debug pages are ours.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { LogLevels } from '../runtime/log-settings.ts';
import type { Log } from '../runtime/log.ts';
import { drain, quit, restart, rotate, type AgentActions } from './actions.ts';
import type { Handler, Route, Routes } from './dispatch.ts';
import { logging } from './log-levels.ts';
import type { MetricsPage } from './metrics/metrics-page.ts';
import type { AppProbes } from './probes/app-probes.ts';
import { pprof, PPROF_PREFIX } from './profiling/pprof-pages.ts';
import type { Profiler } from './profiling/profiler.ts';
import { ready, readyz, type ReadyParts } from './readiness/ready-page.ts';
import { sendJson } from './replies.ts';
import { ndsz, type AgentViews } from './views.ts';

export interface DebugSettings {
  /** False: nothing below `/debug/` is there. */
  readonly enabled: boolean;
  /** False: nothing below `/debug/pprof/` is there. */
  readonly profiling: boolean;
  /** The words this process was started with, the program first. */
  readonly commandLine: readonly string[];
  /** Of every scope; what is set here is what the log goes by. */
  readonly logLevels: LogLevels;
}

export interface RouteParts extends ReadyParts {
  readonly metrics: MetricsPage;
  /** Metrics for loopback callers only. */
  readonly metricsLoopbackOnly: boolean;
  /** Undefined: nothing of the application's is probed. */
  readonly appProbes: AppProbes | undefined;
  readonly actions: AgentActions;
  readonly views: AgentViews;
  readonly debug: DebugSettings;
  readonly profiler: Profiler;
  readonly log: Log;
}

type PathRoute = readonly [path: string, route: Route];

export function routes(parts: RouteParts): Routes {
  const debug = parts.debug.enabled ? debugRoutes(parts) : [];
  return {
    exact: new Map([...openRoutes(parts), ...actionRoutes(parts), ...debug]),
    prefixes: prefixRoutes(parts),
  };
}

function openRoutes(parts: RouteParts): readonly PathRoute[] {
  const metrics: Route = {
    loopbackOnly: parts.metricsLoopbackOnly,
    handle: (request, response) => parts.metrics.serve(request, response),
  };
  return [
    ['/healthz/ready', { loopbackOnly: false, handle: (...call) => ready(parts, ...call) }],
    ['/metrics', metrics],
    ['/stats/prometheus', metrics],
  ];
}

function actionRoutes({ actions }: RouteParts): readonly PathRoute[] {
  return [
    ['/quitquitquit', action((_request, response) => quit(actions, response))],
    ['/drain', action((_request, response) => drain(actions, response))],
    ['/restart', action((request, response) => restart(actions, request, response))],
    ['/rotate', action((_request, response) => rotate(actions, response))],
  ];
}

function debugRoutes(parts: RouteParts): readonly PathRoute[] {
  const { views } = parts;
  return [
    ['/debug/readyz', view((response) => readyz(parts, response))],
    ['/debug/envoyz', view(async (response) => sendJson(response, 200, await views.envoySnapshot()))],
    ['/debug/ndsz', view((response, request) => ndsz(views, request, response))],
    ['/debug/xds', view((response) => sendJson(response, 200, views.xdsStreams()))],
    ['/debug/certs', view((response) => sendJson(response, 200, views.certificateFacts()))],
    ['/debug/scrapez', view((response) => sendJson(response, 200, parts.metrics.lastScrapes()))],
    ['/debug/logging', logLevels(parts)],
    ['/debug/startup', view((response) => sendJson(response, 200, views.startup()))],
  ];
}

function prefixRoutes(parts: RouteParts): readonly PathRoute[] {
  const { enabled, profiling, commandLine } = parts.debug;
  const profiles = { profiler: parts.profiler, commandLine };
  const pages: PathRoute[] = [
    [PPROF_PREFIX, view((response, request) => pprof(profiles, request, response))],
  ];
  return [...appProbeRoutes(parts), ...(enabled && profiling ? pages : [])];
}

/** Open to everybody: the kubelet calls from the node. */
function appProbeRoutes({ appProbes }: RouteParts): readonly PathRoute[] {
  if (appProbes === undefined) return [];
  const route: Route = {
    loopbackOnly: false,
    handle: (request, response) => appProbes.serve(request, response),
  };
  return [
    ['/app-health/', route],
    ['/app-lifecycle/', route],
  ];
}

function action(handle: Handler): Route {
  return { loopbackOnly: true, methods: ['POST'], handle };
}

function logLevels({ debug, log }: RouteParts): Route {
  const handle: Handler = (...call) => logging({ logLevels: debug.logLevels, log }, ...call);
  return { loopbackOnly: true, methods: ['GET', 'HEAD', 'POST'], handle };
}

function view(handle: (response: ServerResponse, request: IncomingMessage) => void | Promise<void>): Route {
  return { loopbackOnly: true, handle: (request, response) => handle(response, request) };
}
