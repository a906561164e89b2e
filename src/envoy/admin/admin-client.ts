// Envoy's admin endpoint over HTTP. Every request is a connection of its own: a connection that was accepted
// earlier goes on being answered by the process that accepted it, so only a new one shows who owns the port.
// The one connection that is kept on purpose is in lifeline.ts.

import type { Agent } from 'node:http';

import { AgentError, errnoOf, messageOf } from '../../runtime/errors.ts';
import { hostPort } from '../../runtime/host-port.ts';
import { readBody, sendHttp } from '../../runtime/http.ts';

export interface AdminAddress {
  /** `127.0.0.1`, `::1`, or a name of one of them. */
  readonly host: string;
  readonly port: number;
}

/** Nobody answers, or not with what Envoy answers. */
export class AdminUnreachable extends AgentError {}

export interface AdminReply {
  readonly status: number;
  readonly body: string;
}

export type AdminSend = (method: 'GET' | 'POST', path: string) => Promise<AdminReply>;

export interface ServerInfo {
  /** `LIVE`, `DRAINING`, `PRE_INITIALIZING` or `INITIALIZING`. */
  readonly state: string;
  /** Undefined when Envoy did not tell; never to be taken for 0. */
  readonly restartEpoch: number | undefined;
  readonly baseId: number | undefined;
  /** For example `11.104`; `disabled` without hot restart. */
  readonly hotRestartVersion: string | undefined;
  /** Worker threads. */
  readonly concurrency: number | undefined;
}

export interface AdminListener {
  readonly name: string;
  /** `address:port`, as Envoy prints it. */
  readonly addresses: readonly string[];
}

const TIMEOUT_MS = 2000;
const MAX_BODY_BYTES = 8 * 1024 * 1024;

export class AdminClient {
  readonly #send: AdminSend;

  constructor(send: AdminSend) {
    this.#send = send;
  }

  /** @throws AdminUnreachable */
  async serverInfo(): Promise<ServerInfo> {
    const info = parsed(await this.#get('/server_info'));
    const options = record(info.command_line_options);
    return {
      state: String(info.state),
      restartEpoch: numeric(options.restart_epoch),
      baseId: numeric(options.base_id),
      hotRestartVersion: typeof info.hot_restart_version === 'string' ? info.hot_restart_version : undefined,
      concurrency: numeric(options.concurrency),
    };
  }

  /** @throws AdminUnreachable */
  async listeners(): Promise<AdminListener[]> {
    const { listener_statuses: statuses } = parsed(await this.#get('/listeners?format=json'));
    return (Array.isArray(statuses) ? statuses : []).map((entry: unknown) => {
      const status = record(entry);
      const more = Array.isArray(status.additional_local_addresses) ? status.additional_local_addresses : [];
      return {
        name: String(status.name),
        addresses: [status.local_address, ...more].map(socketAddress).filter((text) => text !== ''),
      };
    });
  }

  /** Names of the listeners that come from the bootstrap, not from the control plane. @throws AdminUnreachable */
  async staticListeners(): Promise<string[]> {
    const path = '/config_dump?resource=static_listeners&mask=listener.name';
    const { configs } = parsed(await this.#get(path));
    const entries: readonly unknown[] = Array.isArray(configs) ? configs : [];
    return entries.map((entry) => String(record(record(entry).listener).name));
  }

  /** Text of the used statistics whose name matches an RE2 expression. @throws AdminUnreachable */
  stats(filter: string): Promise<string> {
    return this.#get(`/stats?usedonly&filter=${encodeURIComponent(filter)}`);
  }

  /**
   * @param query for example `inboundonly&graceful`
   * @throws AdminUnreachable
   */
  async drainListeners(query: string): Promise<void> {
    const path = `/drain_listeners?${query}`;
    const { status, body } = await this.#send('POST', path);
    if (status !== 200) throw new AdminUnreachable(`POST ${path}: ${status} ${body.trim().slice(0, 200)}`);
  }

  async #get(path: string): Promise<string> {
    const { status, body } = await this.#send('GET', path);
    if (status !== 200) throw new AdminUnreachable(`GET ${path}: status ${status}`);
    return body;
  }
}

/** Whether nobody listens at the admin port, as against somebody who does not answer. */
export function isRefused(error: unknown): boolean {
  return error instanceof AdminUnreachable && errnoOf(error.cause) === 'ECONNREFUSED';
}

/** Requests to an admin port, each on a new connection that is closed afterwards. */
export function freshConnections(address: AdminAddress): AdminSend {
  return (method, path) => adminRequest({ address, agent: false, method, path });
}

export interface AdminRequest {
  readonly address: AdminAddress;
  /** False: a new connection. */
  readonly agent: Agent | false;
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

/** One request; two seconds, 8 MiB. @throws AdminUnreachable */
export async function adminRequest({ address, agent, method, path }: AdminRequest): Promise<AdminReply> {
  const url = `http://${hostPort(address)}${path}`;
  const headers = { connection: agent === false ? 'close' : 'keep-alive', 'content-length': 0 };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await sendHttp(url, { method, agent, signal, headers });
    const body = await readBody(response, MAX_BODY_BYTES);
    return { status: response.statusCode ?? 0, body: body.toString() };
  } catch (cause) {
    throw new AdminUnreachable(`${method} ${url}: ${messageOf(cause)}`, { cause, retryable: true });
  }
}

function parsed(body: string): Record<string, unknown> {
  try {
    return record(JSON.parse(body));
  } catch (cause) {
    throw new AdminUnreachable('the admin port answered with something that is no JSON', { cause });
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Protobuf JSON writes 64-bit numbers as text. */
function numeric(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number.parseInt(value, 10) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function socketAddress(value: unknown): string {
  const { address, port_value: port } = record(record(value).socket_address);
  if (typeof address !== 'string') return '';
  return hostPort({ host: address, port: String(port) });
}
