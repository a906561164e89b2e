// Commands of pilot-agent, and what every one of them does with its words.

import { added, differs, type Subject, works, worksAnd } from '../claim.ts';

export const commands: Subject = {
  title: 'Commands',
  introduction:
    'The program is `agent`, and `pilot-agent` is another name of it. Commands that 1.31 has and their words:',
  column: 'Command',
  names: 'code',
  claims: {
    proxy: works('e2e/pod-layouts.test.ts: runs Envoy as its arguments, variables and files say'),
    'istio-iptables': works(
      'e2e/iptables.test.ts: sets exactly the chains of an injected pod, by one restore per family',
    ),
    'istio-clean-iptables': differs(
      '1.31 has it no more (1.7 had); kept for old scripts, beside `istio-iptables --cleanup-only`.',
      'iptables/capture.test.ts: cleans both families of everything when told to clean all',
    ),
    request: works('cli/request.test.ts: prints the body and one newline, and nothing else'),
    wait: works('cli/wait.test.ts: asks after each period until the answer is 200'),
    version: differs(
      'The same forms. The version is 1.31’s, which control planes look at; JSON and YAML have the agent’s own beside it, and Node’s in the place of Go’s.',
      'cli/version.test.ts: prints one line, or the number alone',
      'cli/version.test.ts: names the version of Node in its own key too',
    ),
    completion: differs(
      'The same shells, other scripts.',
      'cli/completion.test.ts: prints a script for each shell, for both names of the program',
    ),
    help: works('cli/main.test.ts: shows help on stdout without a command, on request, and for one command'),
    exec: added(
      'cli/exec.test.ts: waits for the sidecar, runs exactly the words, and asks the sidecar to end',
    ),
    bootstrap: added(
      'cli/offline.test.ts: print the bootstrap of the same words on stdout, and why its parts are there on stderr',
    ),
    config: added('cli/offline.test.ts: print the effective ProxyConfig with the layer of each field'),
    env: added(
      'cli/env.test.ts: prints value, source, and why a value was rejected, under the titles of groups',
    ),
    discovery: added('cli/discovery.test.ts: runs until it is told to stop, and says where it listens'),
    complete: added('cli/completion.test.ts: completes commands, flags and values'),
  },
};

export const words: Subject = {
  title: 'Words on the command line',
  introduction: '',
  column: 'Rule',
  names: 'text',
  claims: {
    'Values in the same word or the next': works(
      'cli/go-words.test.ts: takes a value from the same word or the next one',
    ),
    'Empty values and values that begin with a dash': works(
      'cli/go-words.test.ts: takes empty values, and values that begin with a dash',
    ),
    'A bool flag takes no word after it': works(
      'cli/go-words.test.ts: never takes a word of its own for a bool flag',
    ),
    'Clusters of short flags': works(
      'cli/go-words.test.ts: reads clusters of shorthands, the last of which may take a value',
    ),
    'Numbers with a base, durations, bools': works(
      'config/flag-rows.test.ts: read integers with base prefixes and separators',
      'config/parsers.test.ts: take the twelve spellings of a Go bool and no other',
    ),
    'The last of repeated flags counts': works(
      'cli/go-flags.test.ts: parses values by kind, and the last of repeated flags wins',
    ),
    'Flags nobody knows, before and after `proxy`': worksAnd(
      'Ignored together with their value; one warning names them.',
      'cli/go-words.test.ts: swallows the next word unless it begins with a dash',
      'cli/proxy.test.ts: has logged flags, version and the flags it does not know before',
    ),
    'Flags nobody knows of other commands': works('cli/main.test.ts: refuses an unknown flag, without usage'),
    'Commands nobody knows': works(
      'cli/main.test.ts: refuses an unknown command, with a hint on stderr only',
    ),
    'Arguments of pods that 1.7 injected': works(
      'cli/go-flags.test.ts: reads the words of an injected 1.7 sidecar',
    ),
    'Error on stderr, and again as a log line on stdout': works(
      'cli/main.test.ts: reports an error on stderr and as a log line on stdout, and ends with 255',
    ),
    'Flags, values and version logged at the start of `proxy`': works(
      'cli/proxy.test.ts: has logged flags, version and the flags it does not know before',
    ),
  },
};
