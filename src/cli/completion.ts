// The command `completion`: a script for a shell, which asks `complete` (complete.ts) at every TAB.
// Upstream: cobra's command of that name.

import type { Command } from 'commander';

import { BOOL, flag } from '../config/flag-rows.ts';
import { ConfigError } from '../runtime/errors.ts';
import { AGENT, PROGRAM } from './command-entry.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
type Shell = (typeof SHELLS)[number];

const FLAGS = {
  noDescriptions: flag('no-descriptions', BOOL, false, 'Offer words without saying what they mean.'),
};

const GUIDE = `Load it in the shell you use, or from its start file:
  bash        source <(agent completion bash)
  zsh         source <(agent completion zsh)          after compinit
  fish        agent completion fish | source
  powershell  agent completion powershell | Out-String | Invoke-Expression`;

export function completionCommand(context: CliContext): Command {
  return goCommand({
    name: 'completion',
    description: 'Print a script that lets your shell complete commands, flags and their values.',
    positionals: SHELLS.join('|'),
    choices: [SHELLS],
    guide: GUIDE,
    flags: FLAGS,
    unknownFlags: 'refuse',
    run: async ({ flags, args }) => {
      const shell = shellOf(args);
      const { script } = await import('@bomb.sh/tab');
      context.stdout.write(BEFORE[shell]);
      // it writes to standard output by itself
      script(shell, AGENT, flags.noDescriptions ? `${AGENT} --no-descriptions=true` : AGENT);
      context.stdout.write(`\n${AFTER[shell]}\n`);
    },
  });
}

function shellOf([name, ...more]: readonly string[]): Shell {
  const shell = SHELLS.find((known) => known === name);
  if (shell === undefined || more.length > 0) {
    throw new ConfigError(
      `name one shell: ${SHELLS.join(', ')}${name === undefined ? '' : `, not "${name}"`}`,
    );
  }
  return shell;
}

/** The script for bash uses a function of the package bash-completion; without that package, what bash knows will do. */
const BEFORE: Readonly<Record<Shell, string>> = {
  bash: `if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        words=("\${COMP_WORDS[@]}")
        cword=$COMP_CWORD
        cur=\${COMP_WORDS[COMP_CWORD]}
        prev=\${COMP_WORDS[COMP_CWORD-1]}
    }
fi
`,
  zsh: '',
  fish: '',
  powershell: '',
};

/** The program's other name. */
const AFTER: Readonly<Record<Shell, string>> = {
  bash: `complete -F __${AGENT}_complete ${PROGRAM}`,
  zsh: `compdef _${AGENT} ${PROGRAM}`,
  fish: `complete -c ${PROGRAM} -w ${AGENT}`,
  powershell: `Register-ArgumentCompleter -CommandName '${PROGRAM}' -ScriptBlock $__${AGENT}CompleterBlock`,
};
