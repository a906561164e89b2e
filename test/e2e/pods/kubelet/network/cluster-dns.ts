// The name server of the cluster, as pods see it. What a name means, others know.

import { createServer, Packet } from 'dns2';

type Addresses = readonly string[] | undefined;

const TTL_SECONDS = 5;

/** Serves UDP and TCP. @param resolve undefined: there is no such name */
export async function serveDns(
  address: string,
  resolve: (name: string) => Promise<Addresses>,
): Promise<void> {
  const server = createServer({
    udp: true,
    tcp: true,
    handle: (request, send) => {
      void answer(request, resolve).then(send);
    },
  });
  const place = { port: 53, address };
  await server.listen({ udp: place, tcp: place });
}

async function answer(request: Packet, resolve: (name: string) => Promise<Addresses>): Promise<Packet> {
  const response = Packet.createResponseFromRequest(request);
  const [question] = request.questions;
  if (question === undefined) return response;
  const addresses = await resolve(question.name.toLowerCase());
  if (addresses === undefined) response.header.rcode = Packet.RCODE.NXDOMAIN;
  for (const address of addresses ?? []) {
    const type = address.includes(':') ? Packet.TYPE.AAAA : Packet.TYPE.A;
    if (type !== question.type) continue;
    const record = { name: question.name, type, class: Packet.CLASS.IN, ttl: TTL_SECONDS, address };
    response.answers.push(record as (typeof response.answers)[number]); // encoded by its type; it needs no method for that
  }
  return response;
}
