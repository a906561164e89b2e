// What rendering a bootstrap costs once everything is loaded.

import { renderBootstrap, serializeBootstrap } from '../src/bootstrap/bootstrap.ts';
import { sidecarBootstrap } from '../test/bootstrap/inputs.ts';
import type { Bench } from './figures.ts';

const RUNS = 7;
const RENDERS = 1000;

export const render: Bench = {
  name: 'render',
  how: `${RENDERS} bootstraps of an injected sidecar, from node and ProxyConfig to text; ${RUNS} runs`,
  run: async () => {
    const values: number[] = [];
    for (let run = 0; run < RUNS; run += 1) values.push(await renders());
    return [{ what: `${RENDERS} renders`, unit: 'ms', values }];
  },
};

async function renders(): Promise<number> {
  const startMs = performance.now();
  for (let count = 0; count < RENDERS; count += 1) {
    serializeBootstrap(await renderBootstrap(sidecarBootstrap(), () => undefined));
  }
  return performance.now() - startMs;
}
