// Preloaded into a process under measurement: collects its garbage when asked on a Unix socket, and tells what is left.

import { createServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const path = process.env.MEMORY_PROBE_SOCKET ?? '';
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

createServer((socket) => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  socket.end(String(heapUsed + external));
})
  .listen(path)
  .unref();
