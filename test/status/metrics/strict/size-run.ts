// Run with --expose-gc: merges a part of 100,000 samples that is made while it is read, and writes as JSON what that
// takes. Arguments: the format of the page, and how many samples each family has.

import type { Format } from '../../../../src/status/metrics/formats.ts';
import { strictPage } from '../../../../src/status/metrics/strict/strict-page.ts';

const SAMPLES = 100_000;
const CHUNK_BYTES = 64 * 1024;

const [format = 'text', perFamily = '1'] = process.argv.slice(2);

async function run(samples: number): Promise<{ readonly bytes: number; readonly peakBytes: number }> {
  const before = usedBytes();
  let peakBytes = 0;
  let bytes = 0;
  let pieces = 0;
  const filter = strictPage({ format: format as Format }, () => undefined);
  for await (const piece of filter.part('envoy', body(samples, Number(perFamily)), 'text')) {
    bytes += piece.length;
    pieces += 1;
    if (pieces % 50 === 0) peakBytes = Math.max(peakBytes, usedBytes() - before);
  }
  return { bytes, peakBytes };
}

async function* body(samples: number, perFamily: number): AsyncGenerator<Buffer> {
  let text = '';
  for (let index = 0; index < samples; index += 1) {
    const name = `envoy_cluster_metric_${Math.floor(index / perFamily)}`;
    if (index % perFamily === 0) text += `# TYPE ${name} gauge\n`;
    text += `${name}{cluster_name="outbound|80||svc${index}.ns.svc.cluster.local",code="200"} ${index}\n`;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

/** What is left when everything that can go is gone. */
function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

await run(SAMPLES / 20); // what the program itself takes is not the page's
console.log(JSON.stringify(await run(SAMPLES)));
