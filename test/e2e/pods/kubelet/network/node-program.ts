// The kubelet's process inside the node's network namespace: probes and hooks reach pods from here, and pods reach the
// cluster's name server here. Lives as long as the kubelet that started it. Argument: the name server's address.

import { serveDns } from './cluster-dns.ts';
import type { FromNode, ToNode } from './node-messages.ts';
import { runTrial } from './trials.ts';

async function main(dnsAddress: string): Promise<void> {
  const asked = new Map<number, (addresses: readonly string[] | undefined) => void>();
  let questions = 0;
  process.on('disconnect', () => process.exit());
  process.on('message', (message: ToNode) => {
    if ('trial' in message) void runTrial(message.trial).then((result) => tell({ id: message.id, result }));
    else asked.get(message.id)?.(message.addresses);
  });
  await serveDns(dnsAddress, async (name) => {
    questions += 1;
    const id = questions;
    const { promise, resolve } = Promise.withResolvers<readonly string[] | undefined>();
    asked.set(id, resolve);
    tell({ id, name });
    return promise.finally(() => asked.delete(id));
  });
  tell({ ready: true });
}

function tell(message: FromNode): void {
  process.send?.(message);
}

await main(process.argv[2] ?? '');
