// Saved rules in one comparable form: no comments, counters or empty tables, chains sorted, the order of rules within
// a chain kept. Two states are equal when these texts are.

export function normalSave(text: string): string {
  const tables = text.split(/^\*/m).slice(1).map(normalTable);
  return tables
    .filter((table) => table !== '')
    .sort()
    .join('\n');
}

/** Empty for a table without rules and own chains. */
function normalTable(text: string): string {
  const [name = '', ...lines] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const chains = lines
    .filter((line) => line.startsWith(':'))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ''))
    .sort();
  const rules = lines.filter((line) => line.startsWith('-A '));
  if (rules.length === 0 && chains.every((chain) => !chain.endsWith(' -'))) return '';
  const grouped = chains.flatMap((chain) =>
    rules.filter((rule) => rule.startsWith(`-A ${chain.slice(1).split(' ')[0]} `)),
  );
  return [`*${name}`, ...chains, ...grouped, 'COMMIT'].join('\n');
}
