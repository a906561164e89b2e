// Reads the process: arguments, environment, signals. It finds the command, loads that one alone, says how it failed,
// and has the process end with its exit code.
// Upstream: pilot/cmd/pilot-agent/main.go.

import { CommanderError, type Command } from 'commander';

import { ConfigError, errnoOf, messageOf } from '../runtime/errors.ts';
import { plainLog } from '../runtime/plain-log.ts';
import { commandIndex } from './command-index.ts';
import { AGENT, COMMAND_GROUPS, PROGRAM, type CommandEntry } from './command-entry.ts';
import { commands, unknownCommand } from './commands.ts';
import { exitDetails, ProgramEnded, StopRequested, type CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';
import { invokedWords } from './invoked-words.ts';
import { endProcess } from './process-end.ts';
import { signalExitCode, type CaughtSignals } from './signals.ts';

/** @param signals caught before this file was loaded */
export async function main(signals: CaughtSignals): Promise<void> {
  process.report.excludeEnv = true; // the environment may hold tokens
  const { env, stdout, stderr } = process;
  const argv = invokedWords(process.argv);
  const isProxy = argv[commandIndex(argv)] === 'proxy';
  const unwritten = (error: Error): void => {
    // Nobody reads any more, as in `agent request … | head -1`: the command still ends in its own way.
    // And a full disk costs the proxy lines of its log, not the pod its traffic.
    if (errnoOf(error) !== 'EPIPE' && !isProxy) throw error;
  };
  for (const stream of [stdout, stderr]) stream.on('error', unwritten);
  const code = await runProgram({ argv, env: { ...env }, stdout, stderr, ...signals });
  await endProcess(process, code);
}

/**
 * Runs the command the words name.
 *
 * @returns the exit code; nothing is thrown
 */
export async function runProgram(
  context: CliContext,
  entries: readonly CommandEntry[] = commands,
): Promise<number> {
  try {
    const index = commandIndex(context.argv);
    const words = context.argv.toSpliced(index, index < 0 ? 0 : 1);
    const name = index < 0 ? undefined : context.argv[index];
    await runCommand(context, entries, name, words);
    return 0;
  } catch (error) {
    return report(context, error);
  }
}

async function runCommand(
  context: CliContext,
  entries: readonly CommandEntry[],
  name: string | undefined,
  words: readonly string[],
): Promise<void> {
  if (name === 'help') return showHelp(context, entries, words);
  const entry = entries.find((entry) => entry.name === name);
  if (name !== undefined && entry === undefined) {
    const shown = entries.filter(({ group }) => group !== undefined);
    throw unknownCommand(name, [...shown.map((entry) => entry.name), 'help']);
  }
  const command = entry === undefined ? rootCommand(entries) : (await entry.load())(context);
  await attach(command, context).parseAsync([...words], { from: 'user' });
}

async function showHelp(
  context: CliContext,
  entries: readonly CommandEntry[],
  words: readonly string[],
): Promise<void> {
  const topic = words.find((word) => !word.startsWith('-'));
  const entry = entries.find((entry) => entry.name === topic);
  const root = attach(rootCommand(entries), context);
  if (topic !== undefined && entry === undefined) {
    context.stderr.write(`Unknown help topic [\`${topic}\`]\n${root.helpInformation()}`);
    return;
  }
  const command = entry === undefined ? root : attach((await entry.load())(context), context);
  command.outputHelp();
}

const INTRODUCTION =
  "The process beside Envoy in every pod of a service mesh. It renders Envoy's bootstrap, gets certificates, starts " +
  "and restarts Envoy, and answers health probes. It takes the arguments and variables of Istio's pilot-agent.";

function rootCommand(entries: readonly CommandEntry[]): Command {
  const command = goCommand({
    name: PROGRAM,
    description: `${INTRODUCTION}\n\n${commandList(entries)}`,
    positionals: '<command>',
    guide: `"${AGENT} help <command>" and "${AGENT} <command> --help" say more.`,
    flags: {},
    unknownFlags: 'ignore',
    run: async () => {
      command.outputHelp();
    },
  });
  return command;
}

function commandList(entries: readonly CommandEntry[]): string {
  const width = Math.max(...entries.map((entry) => entry.name.length)) + 2;
  const lists = COMMAND_GROUPS.map((group) => {
    const shown = entries.filter((entry) => entry.group === group);
    const lines = shown.map((entry) => `  ${entry.name.padEnd(width)}${entry.description}`);
    return lines.length === 0 ? [] : [[`${group}:`, ...lines].join('\n')];
  });
  return lists.flat().join('\n\n');
}

/** Makes a command write to the context and throw instead of ending the process. */
function attach(command: Command, context: CliContext): Command {
  const commandUsage = (shown: Command): string =>
    shown.name() === PROGRAM ? `${AGENT} ${shown.usage()}` : `${AGENT} ${shown.name()} ${shown.usage()}`;
  command.configureHelp({ ...command.configureHelp(), commandUsage });
  return command.exitOverride().configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: () => undefined, // the same text arrives as the error
  });
}

function report(context: CliContext, error: unknown): number {
  if (error instanceof StopRequested) return signalExitCode(error.signalName);
  if (error instanceof ProgramEnded) return error.exitCode;
  const known = error instanceof CommanderError ? fromCommander(error) : error;
  if (known === undefined) return 0;
  const { exitCode, logged, hint } = exitDetails(known);
  const text = messageOf(known);
  context.stderr.write(`Error: ${text}\n${hint && `${hint}\n`}`);
  if (!logged) plainLog((line) => context.stdout.write(line)).error(text);
  return exitCode;
}

/** Commander throws to end the process, after help too: then there is nothing to report. */
function fromCommander(error: CommanderError): ConfigError | undefined {
  if (error.exitCode === 0) return undefined;
  return new ConfigError(error.message.replace(/^error: /, ''), { cause: error });
}
