// Where a redirect leads: the kubelet's rules, which are those of Go's client with a stop at other hosts.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go redirectChecker, Go net/http Client.do.

import { excerpt } from '../../runtime/excerpt.ts';
import { hostPort } from '../../runtime/host-port.ts';
import { isRedirectStatus } from '../http-get.ts';
import { ProbeError, type AppAnswer, type ProbeTarget } from './probe.ts';

export interface Redirect {
  readonly target: ProbeTarget;
  /** The location named no scheme: a Host that the caller chose still holds. */
  readonly isRelative: boolean;
}

/**
 * The next step, or undefined when `answer` is the last one: no redirect, or one to another host.
 *
 * @throws ProbeError when the location cannot be understood, or is none of HTTP
 */
export function redirectOf(
  from: ProbeTarget,
  answer: Pick<AppAnswer, 'status' | 'location'>,
): Redirect | undefined {
  const { status, location = '' } = answer;
  if (!isRedirectStatus(status) || location === '') return undefined;
  const base = URL.parse(`${from.tls ? 'https' : 'http'}://${hostPort(from)}${from.path}`);
  const url = URL.parse(location, base?.href);
  if (base === null || url === null) {
    throw new ProbeError(`failed to parse Location header ${JSON.stringify(excerpt(location))}`);
  }
  if (url.hostname !== base.hostname) return undefined;
  return { target: targetOf(url), isRelative: !/^\s*[a-z][a-z\d+.-]*:/i.test(location) };
}

function targetOf(url: URL): ProbeTarget {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ProbeError(`unsupported protocol scheme ${JSON.stringify(excerpt(url.protocol.slice(0, -1)))}`);
  }
  const tls = url.protocol === 'https:';
  return {
    tls,
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
  };
}
