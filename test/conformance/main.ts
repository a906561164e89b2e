// `npm run -s conformance -- <area> <directory>`: each failure as a diff, a line per reason why cases were not run, then
// `N passed, N failed` as the last line.
// Exit code 1 for any failure, an unknown area, a missing directory and no cases.

import { messageOf } from '../../src/runtime/errors.ts';
import { AREAS } from './areas.ts';
import { loadArea, omissionLines, runCases, UsageError, type Failure } from './runner.ts';

async function main([name, directory, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || directory === undefined || rest.length > 0) {
    throw new UsageError(`usage: conformance <${Object.keys(AREAS).join('|')}> <directory>`);
  }
  const { passed, failed, omitted } = await runCases(await loadArea(AREAS, name), directory, printFailure);
  for (const line of omissionLines(omitted)) console.log(line);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function printFailure({ name, text }: Failure): void {
  console.log(`FAILED ${name}\n${text.replace(/^/gm, '    ')}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
