// `npm run e2e:pods [-- <folder of injected pods>]`: runs pods as Istio's injector wrote them, with the image of this
// project, and prints a line per expectation. As root on Debian it installs what it needs.

import { parseArgs } from 'node:util';

import { messageOf } from '../../../src/runtime/errors.ts';
import { INJECTED_PODS, OWN_PODS, type PodCase } from './cases/expectations.ts';
import { installMissing } from './cases/packages.ts';
import { countLine, isPassed, writeResults } from './cases/results.ts';
import { injectedFolder, runTable } from './cases/run-table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { results: { type: 'string' }, only: { type: 'string', multiple: true } },
});

async function main([folder = injectedFolder()]: readonly string[]): Promise<void> {
  await installMissing(say);
  const rows = folder === undefined ? OWN_PODS : [...OWN_PODS, ...INJECTED_PODS];
  if (folder === undefined) say('no folder of injected pods is given: only the own pods run');
  const results = await runTable(selected(rows), folder, say);
  if (values.results !== undefined) await writeResults(values.results, results);
  say(countLine(results));
  process.exitCode = isPassed(results) ? 0 : 1;
}

/** `--only NAME` runs that pod beside the two that call the others. */
function selected(rows: readonly PodCase[]): readonly PodCase[] {
  const { only } = values;
  if (only === undefined) return rows;
  for (const name of only) {
    if (!rows.some((row) => row.name === name))
      throw new Error(`no pod ${name}: there are ${rows.map((row) => row.name).join(', ')}`);
  }
  return rows.filter(({ name }, index) => index < 2 || only.includes(name));
}

function say(line: string): void {
  console.log(line);
}

main(positionals).catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
