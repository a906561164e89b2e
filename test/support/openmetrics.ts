// The parser of Prometheus' Python client as the judge of OpenMetrics: it is stricter than the one of Prometheus. Its
// wheel comes from PyPI, is kept in the ignored folder `.cache`, and is run from there, not installed.

import { execFile, spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { promisify } from 'node:util';

const VERSION = '0.22.1';
const WHEEL = `prometheus_client-${VERSION}-py3-none-any.whl`;
const WHEEL_SHA256 = 'cca895342e308174341b2cbf99a56bef291fbc0ef7b9e5412a0f26d653ba7094';
const CACHE = join(import.meta.dirname, '../../.cache');
const KEPT = join(CACHE, WHEEL);

/** Reads a JSON array of pages, writes one of complaints. */
const READ_PAGES = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
def complaint(page):
    try:
        for _ in text_string_to_metric_families(page): pass
    except Exception as error:
        return f'{type(error).__name__}: {error}'
json.dump([complaint(page) for page in json.load(sys.stdin)], sys.stdout)
`;

/**
 * The path of the parser, which is downloaded at first use.
 *
 * @throws Error of one line that says what is missing
 */
export async function findOpenMetricsParser(): Promise<string> {
  const isKept = await access(KEPT).then(
    () => true,
    () => false,
  );
  if (!isKept) await download();
  return KEPT;
}

/** Why the parser refuses each page; undefined: it does not. */
export async function openMetricsRefusals(
  parser: string,
  pages: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const env = { ...process.env, PYTHONPATH: parser, PYTHONIOENCODING: 'utf-8' };
  const child = spawn('python3', ['-c', READ_PAGES], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(pages));
  const [answer, complaint] = await Promise.all([
    json(child.stdout).catch(() => undefined),
    text(child.stderr),
  ]);
  if (!Array.isArray(answer)) throw new Error(`the parser of OpenMetrics failed: ${complaint}`);
  return (answer as readonly (string | null)[]).map((refusal) => refusal ?? undefined);
}

async function download(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, 'fetch-'));
  try {
    const requirements = join(staging, 'requirements.txt');
    await writeFile(requirements, `prometheus-client==${VERSION} --hash=sha256:${WHEEL_SHA256}\n`);
    const pip = ['-m', 'pip', '--disable-pip-version-check', '--quiet', 'download'];
    const pinned = [
      '--no-deps',
      '--only-binary=:all:',
      '--require-hashes',
      '-r',
      requirements,
      '-d',
      staging,
    ];
    await promisify(execFile)('python3', [...pip, ...pinned]);
    await rename(join(staging, WHEEL), KEPT);
  } catch (error) {
    throw new Error(`cannot fetch prometheus-client ${VERSION} with python3 and pip`, { cause: error });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
