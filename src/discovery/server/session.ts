// What an ADS stream does with messages, without the stream: bytes of a request in, bytes of responses out.

import type { Log } from '../../runtime/log.ts';
import type { Messages, Status } from '../../proto/messages.ts';
import type { Meaning } from '../../xds/outcome.ts';
import { HEALTH_TYPE, shortTypeName } from '../../xds/type-urls.ts';
import type { NodeView } from './node-view.ts';

export interface Session {
  /**
   * The responses due to a request.
   *
   * @throws CallError when the stream must end
   */
  readonly onRequest: (bytes: Buffer) => Buffer[];
  /** The responses due because the configuration may have changed. */
  readonly onChange: () => Buffer[];
}

export interface SessionDeps {
  readonly messages: Messages;
  readonly view: NodeView;
  readonly log: Log;
}

/** Types of requests that want no resources: reports of the agent, and questions of a debugger. */
export function isForeignType(typeUrl: string): boolean {
  return typeUrl === HEALTH_TYPE || typeUrl.startsWith('istio.io/debug');
}

/** The line an operator looks for when a client refuses what it was sent, and quieter ones for the rest. */
export function logRequest(
  deps: SessionDeps,
  typeUrl: string,
  meaning: Meaning,
  error: Status | null | undefined,
): void {
  const { log, view } = deps;
  const type = shortTypeName(typeUrl);
  if (error) log.warn(`ADS:${type}: ACK ERROR ${view.nodeId} ${error.code}:${oneLine(error.message)}`);
  else if (meaning === 'subscribe') log.info(`ADS:${type}: subscribed ${view.nodeId}`);
  else log.debug(`ADS:${type}: ${meaning} ${view.nodeId}`);
}

/** Envoy's texts come with line ends; a log line is one line. */
function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

export function logPush(deps: SessionDeps, typeUrl: string, resources: number, sizeBytes: number): void {
  const fields = { resources, sizeBytes };
  deps.log.info(`${shortTypeName(typeUrl)}: PUSH for ${deps.view.nodeId}`, fields);
}
