// A program: the DNS server of the agent with its counters, as `agent proxy` runs it, with a table of names. Prints its
// port, then runs until it is ended. Argument: the port of the resolver on 127.0.0.1 that is asked about other names.

import { DnsCounters } from '../../src/agent/dns-counters.ts';
import { DnsServer } from '../../src/dns/server.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { plainLog } from '../../src/runtime/plain-log.ts';
import { packedBytes } from '../../test/dns/support/packed.ts';
import { benchTable, NAMESPACE } from './names.ts';

const [resolverPort = ''] = process.argv.slice(2);
const domain = `${NAMESPACE}.svc.cluster.local`;

const server = await DnsServer.start(
  {
    listen: [{ host: '127.0.0.1', port: 0 }],
    resolvers: [{ host: '127.0.0.1', port: Number(resolverPort) }],
    search: [domain],
    respondBeforeSync: false,
    flattenWildcards: false,
    namespace: NAMESPACE,
    domain,
    parallel: false,
    timeoutMs: 5000,
    retries: 0,
  },
  {
    clock: systemClock(),
    log: plainLog((line) => process.stderr.write(line)),
    random: Math.random,
    metrics: new DnsCounters().meter,
  },
);
await server.setNameTable(packedBytes(benchTable()));
const [udp = ''] = server.addresses;
console.log(`port ${udp.slice(udp.lastIndexOf(':') + 1)}`);
