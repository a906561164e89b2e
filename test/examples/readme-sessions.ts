// The commands that a README shows together with what they print: lines after "$ " in a code block. An ellipsis stands
// for anything on its line.

export interface Session {
  /** The command inside the container: what follows "--". */
  readonly words: readonly string[];
  readonly output: string;
}

/** The sessions with `kubectl exec`, in order. */
export function readmeSessions(markdown: string): readonly Session[] {
  const blocks = [...markdown.matchAll(/^```\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  const shown = blocks.flatMap((block) => block.split(/^\$ /m).slice(1));
  return shown.flatMap((text) => {
    const [command = '', ...output] = text.trimEnd().split('\n');
    const inside = command.split(' -- ')[1];
    return inside === undefined ? [] : [{ words: wordsOf(inside), output: output.join('\n') }];
  });
}

function wordsOf(command: string): readonly string[] {
  return Array.from(command.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');
}

/** Whether that is what was printed, line by line. */
export function shows(expected: string, printed: string): boolean {
  const lines = printed.trimEnd().split('\n');
  const patterns = expected.split('\n').map((line) => {
    const parts = line.split('…').map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
    return new RegExp(`^${parts.join('.*')}$`);
  });
  return lines.length === patterns.length && patterns.every((pattern, at) => pattern.test(lines[at] ?? ''));
}
