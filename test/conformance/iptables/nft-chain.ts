// What a chain holds after a transaction: operations become rows, rows the transaction's text, and the text's commands
// are carried out one after the other, as nft defines them.

import { appendTo, insertInto, type NftRow } from '../../../iptables/nft/row.ts';
import { applyText } from '../../../iptables/nft/transaction.ts';

/** `append`, `append6` or `insert:<index>`, then the words of the rule. */
export type NftOperation = readonly [operation: string, ...words: string[]];

export function chainAfter(operations: readonly NftOperation[]): readonly string[] {
  const chain: string[] = [];
  for (const line of applyText(operations.map(rowOf), new Set()).split('\n')) {
    const { index, rule } =
      /^(?:add|insert) rule inet \S+ \S+ (?:index (?<index>\d+) )?(?<rule>.*)$/.exec(line)?.groups ?? {};
    if (rule === undefined) continue;
    if (index !== undefined && Number(index) >= chain.length) throw new Error(`no rule at index ${index}`);
    chain.splice(index === undefined ? chain.length : Number(index), 0, rule);
  }
  return chain;
}

function rowOf([operation, ...words]: NftOperation): NftRow {
  const index = operation.split(':')[1];
  const row = index === undefined ? appendTo('nat', 'output') : insertInto('nat', 'output', Number(index));
  return row(words.join(' '), '');
}
