// Commander commands whose flags are rows (config/flag-rows.ts) and whose words are read by pflag's rules
// (go-words.ts): the words are put into one canonical spelling first, then commander parses, shows help and runs.

import { Command, Option, type ParseOptions } from 'commander';

import { BOOL, flag, flagLines, type FlagRow, type FlagTable, type FlagValues } from '../config/flag-rows.ts';
import { goQuote } from '../config/go-quote.ts';
import { logFlags, type LogFlagValues } from '../config/log-flags.ts';
import { ConfigError, messageOf } from '../runtime/errors.ts';
import { splitGoWords, type FlagPlaces, type UnknownFlags } from './go-words.ts';

export interface GoArguments<R extends FlagTable> {
  readonly flags: FlagValues<R> & LogFlagValues;
  readonly args: readonly string[];
  /** Unknown flags, as written; always empty for a command that refuses them. */
  readonly ignored: readonly string[];
  /** Names of the flags that were given, without dashes. */
  readonly given: ReadonlySet<string>;
  /** Every flag with its value, `FLAG: --name="value"`, for the log of a long-running command. */
  readonly flagLines: readonly string[];
}

export interface GoCommandSettings<R extends FlagTable> {
  readonly name: string;
  readonly description: string;
  /** The positionals as the help shows them, for example `<method> <path> [body]`. */
  readonly positionals?: string;
  /** What a shell offers for each of them; undefined: nothing. */
  readonly choices?: readonly (readonly string[])[];
  /** What follows the flags in the help: when one runs it, and examples. */
  readonly guide?: string;
  /** Own flags; the log flags are added, because every command accepts them. */
  readonly flags: R;
  /** True: the log flags have their effect, so the help shows them. Default false. */
  readonly usesLogFlags?: boolean;
  readonly unknownFlags: UnknownFlags;
  /** Default anywhere. */
  readonly flagPlaces?: FlagPlaces;
  readonly run: (parsed: GoArguments<R>) => Promise<void>;
}

/** A command that is started with `parseAsync(words)`; nested below a plain Command it would lose its rules. */
export function goCommand<R extends FlagTable>(settings: GoCommandSettings<R>): GoCommand {
  const rows = { ...settings.flags, ...logFlags };
  const command = new GoCommand(settings, Object.values(rows));
  if (settings.guide !== undefined) command.addHelpText('after', `\n${settings.guide}`);
  const usage = [settings.positionals ?? '', '[flags]'];
  if (settings.flagPlaces === 'first') usage.reverse();
  command.description(settings.description).usage(usage.join(' ').trim());
  command.argument('[args...]').action(async () => {
    const pairs = Object.entries(rows).map(([key, row]) => [key, command.getOptionValue(keyOf(row))]);
    const flags = Object.fromEntries(pairs) as GoArguments<R>['flags'];
    await settings.run({
      flags,
      args: command.args,
      ignored: command.ignored,
      given: new Set(Object.values(rows).flatMap((row) => (command.isGiven(row) ? [row.name] : []))),
      flagLines: flagLines(rows, flags),
    });
  });
  return command;
}

const HELP = flag('help', BOOL, false, 'Show this help.', 'h');

/** Headings of the help. */
const FLAGS = 'Flags:';
const LOG_FLAGS = 'Log flags:';

function isLogFlag({ name }: FlagRow<unknown>): boolean {
  return Object.values<FlagRow<unknown>>(logFlags).some((known) => known.name === name);
}

type CommandFacts = Pick<
  GoCommandSettings<FlagTable>,
  'name' | 'unknownFlags' | 'flagPlaces' | 'choices' | 'usesLogFlags'
>;

export class GoCommand extends Command {
  /** Every flag, `--help` too. */
  readonly rows: readonly FlagRow<unknown>[];
  /** What a shell offers for each positional. */
  readonly choices: readonly (readonly string[])[];
  readonly #unknownFlags: UnknownFlags;
  readonly #flagPlaces: FlagPlaces;
  ignored: readonly string[] = [];

  constructor(
    { name, unknownFlags, flagPlaces = 'anywhere', choices = [], usesLogFlags = false }: CommandFacts,
    rows: readonly FlagRow<unknown>[],
  ) {
    super(name);
    this.rows = [...rows, HELP];
    this.choices = choices;
    this.#unknownFlags = unknownFlags;
    this.#flagPlaces = flagPlaces;
    this.addHelpOption(new Option('-h, --help', HELP.help).helpGroup(FLAGS)).helpCommand(false);
    this.configureHelp({ optionTerm, optionDescription });
    for (const row of rows) {
      const isForLog = isLogFlag(row);
      this.addOption(
        optionOf(row)
          .helpGroup(isForLog ? LOG_FLAGS : FLAGS)
          .hideHelp(isForLog && !usesLogFlags),
      );
    }
  }

  isGiven(row: FlagRow<unknown>): boolean {
    return this.getOptionValueSource(keyOf(row)) === 'cli';
  }

  /** @param argv words after the command's name */
  override async parseAsync(argv: readonly string[] = [], _options?: ParseOptions): Promise<this> {
    const { flags, positionals, ignored } = splitGoWords(
      this.rows,
      argv,
      this.#unknownFlags,
      this.#flagPlaces,
    );
    this.ignored = ignored;
    if (flags.some(({ row, text }) => row === HELP && BOOL.parse(text, undefined))) this.help();
    const words = flags.filter(({ row }) => row !== HELP).map(({ row, text }) => `--${row.name}=${text}`);
    return super.parseAsync([...words, '--', ...positionals], { from: 'user' });
  }
}

/** As pflag shows it: a bool flag without the value it may take. */
function optionTerm(option: Option): string {
  return option.flags.replace(` <${BOOL.type}>`, '');
}

/** With the default as one would write it, unless that is the zero of its kind. */
function optionDescription({ description, defaultValue, defaultValueDescription }: Option): string {
  const zero = [undefined, '', 0, false].some((nothing) => nothing === defaultValue);
  return zero ? description : `${description} (default ${defaultValueDescription})`;
}

/** Where commander keeps the value of a flag. */
function keyOf(row: FlagRow<unknown>): string {
  return optionOf(row).attributeName();
}

function optionOf(row: FlagRow<unknown>): Option {
  const { name, short, kind, fallback, help } = row;
  const shown = short === undefined ? `--${name}` : `-${short}, --${name}`;
  return new Option(`${shown} <${kind.type}>`, help)
    .default(fallback, fallback === undefined ? undefined : kind.format(fallback))
    .argParser((text, previous: unknown) => {
      try {
        return kind.parse(text, previous === fallback ? undefined : previous);
      } catch (error) {
        const problem = `invalid argument ${goQuote(text)} for "${shown}" flag: ${messageOf(error)}`;
        throw new ConfigError(problem, { cause: error });
      }
    });
}
