// The words of the command line when the program is called by the name of one of its commands: an image has
// istio-iptables as a program of its own, as early images of the mesh had.

import { basename } from 'node:path';

const OWN_NAMES = new Set(['istio-iptables']);

/**
 * @param argv Node, the program as it was called, its words
 * @returns the words, led by the command
 */
export function invokedWords(argv: readonly string[]): readonly string[] {
  const [, program = '', ...words] = argv;
  const name = basename(program);
  return OWN_NAMES.has(name) && words[0] !== name ? [name, ...words] : words;
}
