// `agent proxy`: words and environment become the configuration, and the agent runs until it is told to stop.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/app/cmd.go newProxyCommand.

import type { Command } from 'commander';

import { loadAgentConfig, type AgentConfig } from '../config/agent-config.ts';
import { buildInfo } from '../config/build-info.ts';
import { NODE_TYPES, proxyFlags } from '../config/proxy-flags.ts';
import type { ShutdownConfig } from '../config/shutdown-config.ts';
import { steadyText } from '../config/steady-text.ts';
import type { AgentDeps, AgentEnd } from '../agent/agent.ts';
import type { AgentControls } from '../agent/controls.ts';
import { StartupTimeline } from '../agent/startup-timeline.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { agentConfigInput } from './agent-config-input.ts';
import type { CliContext } from './context.ts';
import { goCommand, type GoArguments } from './go-flags.ts';
import { withLog } from './logging.ts';
import { explainingTheEnd, propagate } from './proxy-end.ts';
import { watchingZombies } from './zombie-watch.ts';

const GUIDE = `The injector of a control plane writes this command into every pod. It runs until SIGTERM or SIGINT, drains Envoy and
ends with 0. A mistake in what it is given ends it with 255 and one line that says what to do.

Its settings are flags, variables ("agent env" lists them) and ProxyConfig: the mesh file, then PROXY_CONFIG, then the
pod's annotation proxy.istio.io/config ("agent config" shows the result). "agent bootstrap" shows what Envoy is given.
Flags that do not exist are ignored, with a warning.

Signals: SIGHUP asks for a hot restart, SIGUSR1 has Envoy open its log files anew, SIGUSR2 asks for a new certificate,
a second SIGINT (Ctrl-C) ends without waiting; a second SIGTERM does with AGENT_SECOND_SIGNAL=abort.

Examples:
  agent proxy sidecar --domain shop.svc.cluster.local
  agent proxy router --proxyLogLevel=info,upstream:debug --log_output_level=default:debug`;

type ProxyArguments = GoArguments<typeof proxyFlags>;

export function proxyCommand(context: CliContext): Command {
  const processStartMs = Math.round(performance.timeOrigin);
  return goCommand({
    name: 'proxy',
    description: 'Run Envoy with its bootstrap, certificates, configuration and health.',
    positionals: '[sidecar|router]',
    choices: [NODE_TYPES],
    guide: GUIDE,
    flags: proxyFlags,
    usesLogFlags: true,
    unknownFlags: 'ignore',
    run: (parsed) =>
      withLog(parsed.flags, (log, logLevels) =>
        explainingTheEnd(context, log, () => runProxy(context, parsed, { log, logLevels, processStartMs })),
      ),
  });
}

async function runProxy(
  context: CliContext,
  parsed: ProxyArguments,
  given: Pick<AgentDeps, 'log' | 'logLevels' | 'processStartMs'>,
): Promise<AgentEnd> {
  const { log, processStartMs } = given;
  const clock = systemClock();
  const startup = new StartupTimeline({ clock, log, processStartMs });
  startup.reached('load');
  for (const line of parsed.flagLines) log.info(line);
  const { istioVersion, agentVersion, revision } = buildInfo;
  log.info(`Version ${istioVersion}-${revision}-sidecar-agent-${agentVersion}`);
  const input = agentConfigInput(context, parsed);
  const readText = steadyText(input.readText, parsed.flags.meshConfig, (message) => log.warn(message));
  const load = (): Promise<AgentConfig> => loadAgentConfig({ ...input, readText });
  const config = await load();
  startup.reached('configuration');
  for (const { level, message } of config.notices) log[level](message);
  if (context.signal.aborted) return { kind: 'drained' }; // told to end before there was anything to end
  const [{ runAgent }, { execaSpawn }, { routeGrpcLog }] = await Promise.all([
    import('../agent/agent.ts'),
    import('../runtime/execa-spawn.ts'),
    import('../runtime/grpc.ts'),
  ]);
  startup.reached('modules');
  routeGrpcLog(log.child('grpc'));
  const deps = {
    ...given,
    clock,
    spawn: execaSpawn,
    random: Math.random,
    output: (line: string) => void context.stderr.write(`${line}\n`),
    reload: load,
    startup,
    commandLine: commandLine(context),
  };
  context.onSignal('SIGINT', () => undefined); // an exit at once would leave what the start has made
  const running = (controls: AgentControls): void => {
    listenForSignals(context, controls, log, config.supervision.shutdown);
  };
  const end = await watchingZombies(deps, () => runAgent(config, deps, context.signal, running));
  if (config.supervision.propagateExitCode) propagate(end);
  return end;
}

function commandLine({ argv }: CliContext): readonly string[] {
  const [, script = ''] = process.argv;
  return [process.execPath, ...process.execArgv, script, ...argv];
}

function listenForSignals(
  context: CliContext,
  controls: AgentControls,
  log: Log,
  { secondSignalAborts }: ShutdownConfig,
): void {
  context.onSignal('SIGHUP', () => controls.restart('SIGHUP'));
  context.onSignal('SIGUSR1', controls.reopenLogs);
  context.onSignal('SIGUSR2', controls.rotate);
  context.onSignal('SIGINT', () => controls.quit('interrupted twice'));
  context.onSignal('SIGTERM', () => {
    if (secondSignalAborts) controls.quit('terminated twice');
    else log.info('another SIGTERM changes nothing; AGENT_SECOND_SIGNAL=abort makes it end without waiting');
  });
  context.onExit(controls.kill);
}
