// The application of the pods of the tests: a server, and a client for `exec` and for Jobs.
//
//   app [serve]           listens on the ports of APP_PORTS, such as 80,9090
//   app call URL          asks another pod; prints a report as JSON; exits 0 when all answers were good
//       [--requests N] [--concurrency N] [--timeout-ms N]

import { once } from 'node:events';
import { parseArgs } from 'node:util';

import { call } from './call.ts';
import { ApplicationServer } from './server.ts';

const OPTIONS = {
  requests: { type: 'string', default: '1' },
  concurrency: { type: 'string', default: '1' },
  'timeout-ms': { type: 'string', default: '5000' },
} as const;

const HEALTHY_FILE = '/tmp/healthy';

async function main(words: readonly string[]): Promise<number> {
  const [command = 'serve', ...rest] = words;
  if (command === 'serve') return server();
  if (command === 'call') return client(rest);
  throw new Error(`no command ${command}`);
}

async function server(): Promise<number> {
  const ports = (process.env['APP_PORTS'] ?? '').split(',').filter((port) => port !== '');
  const application = await ApplicationServer.open(ports.map(Number), HEALTHY_FILE);
  console.log(`listens on ${application.ports.join(', ')}`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await application.close();
  return 0;
}

async function client(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  const report = await call({
    question: { url: new URL(positionals[0] ?? ''), timeoutMs: Number(values['timeout-ms']) },
    requests: Number(values.requests),
    concurrency: Number(values.concurrency),
  });
  console.log(JSON.stringify(report));
  return report.asked === report.good ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(2);
  },
);
