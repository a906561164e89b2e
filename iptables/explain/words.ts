// A packet, the rules it met and where it ends, in words for somebody who does not read rules every day. Pure.

import { hostPort } from '../../src/runtime/host-port.ts';
import { type Action, placedText, type ReadRule } from '../model/read-rule.ts';
import { DNS_PORT } from '../rules/dns-rules.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import type { Journey } from './journey.ts';
import type { Packet } from './packet.ts';
import { isAskedAbout, type Walk } from './walk.ts';

export function packetWords(packet: Packet): string {
  const { hook, proto, src, sport, dst, dport, in: by, out, uid, gid, ctstate, mark } = packet;
  return [
    `${hook} ${proto}`,
    ...(src === undefined ? [] : [`from ${endpoint(src, sport)}`]),
    ...(dst === undefined ? [] : [`to ${endpoint(dst, dport)}`]),
    ...(by === undefined ? [] : [`by ${by}`]),
    ...(out === undefined ? [] : [`by ${out}`]),
    ...(uid === undefined ? [] : [`of user ${uid}`]),
    ...(gid === undefined ? [] : [`of group ${gid}`]),
    ...(ctstate === undefined ? [] : [`connection ${ctstate}`]),
    ...(mark === undefined ? [] : [`mark ${mark}`]),
  ].join(', ');
}

function endpoint(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return hostPort({ host: address, port });
}

/** What a rule was met for and does. */
export function stepWords({ why, comment, actions }: ReadRule): string {
  const does = actions.map(actionWords).join(', ');
  const purpose = why ?? comment;
  return purpose === undefined ? does : `${purpose}: ${does}`;
}

function actionWords(action: Action): string {
  switch (action.do) {
    case 'jump':
    case 'goto':
      return `goes on in ${action.chain}`;
    case 'return':
      return 'leaves this chain';
    case 'accept':
      return 'leaves this table';
    case 'drop':
      return 'is thrown away';
    case 'saveMark':
      return 'its connection remembers its mark';
    case 'restoreMark':
      return 'gets the mark of its connection';
    case 'redirect':
    case 'tproxy':
      return `goes to port ${action.port}`;
    case 'mark':
      return `gets mark ${action.value}`;
    case 'zone':
      return `its connection is kept in zone ${action.zone}, unless it has a zone already`;
    case 'other':
      return `meets ${action.words}, which is not explained here`;
  }
}

/** Where the packet ends and why, in one or two sentences. */
export function verdictWords(way: Journey, config: CaptureConfig): string {
  const { packet, verdict, first, overLo } = way;
  const target = packet.dst === undefined ? 'its destination' : endpoint(packet.dst, packet.dport);
  switch (verdict.verdict) {
    case 'DROP':
      return 'DROP: it is thrown away, and nobody answers.';
    case 'REDIRECT':
      return `REDIRECT: it goes to port ${verdict.port}, ${listener(verdict.port, config)}, instead of ${target}.`;
    case 'TPROXY':
      return (
        `TPROXY: ${listener(verdict.port, config)} at port ${verdict.port} gets it, ` +
        `addressed to ${arrivalTarget(way)} and with its own source.`
      );
    case 'PASS':
      return `PASS: it goes to ${target}, where it was sent: ${passReason(first, overLo)}.`;
  }
}

/** What stands in the packet in the end. */
function arrivalTarget({ packet, first, overLo }: Journey): string {
  const { dst = packet.dst, dport } = (overLo ?? first).packet;
  return dst === undefined ? 'its destination' : endpoint(dst, dport);
}

function listener(port: number | undefined, config: CaptureConfig): string {
  if (port === Number(config.outboundPort)) return "the proxy's outbound listener";
  if (port === Number(config.inboundPort)) return "the proxy's inbound listener";
  return port === DNS_PORT ? "the agent's DNS server" : 'a listener that these flags do not name';
}

function passReason({ met, packet }: Walk, overLo: Walk | undefined): string {
  if (!isAskedAbout(packet)) {
    return 'only the first packet of a connection can be redirected, the others go where that one went';
  }
  const last = met.findLast(({ table }) => table === 'nat') ?? met.at(-1) ?? overLo?.met.at(-1);
  const [action] = last?.actions.slice(-1) ?? [];
  if (last === undefined || action === undefined) return 'no rule looks at it';
  if (action.do === 'jump') return `${action.chain} has no rule for it`;
  return last.why ?? last.comment ?? `the last rule it met is ${placedText(last)}`;
}
