// The aggregated discovery service: opens a session per stream and tells all of them when the configuration changes.

import type { Server } from '@grpc/grpc-js';

import type { Messages } from '../../proto/messages.ts';
import { messageOf } from '../../runtime/errors.ts';
import { bytesMethod } from '../../runtime/grpc.ts';
import type { Log } from '../../runtime/log.ts';
import type { NodeConfig } from '../generation/node-config.ts';
import { AdsConnection, type AdsCall } from './ads-connection.ts';
import { callerOf, type Authenticate } from './authenticated.ts';
import { CallError, statusOf } from './call-error.ts';
import { DeltaSession } from './delta-session.ts';
import { NodeView } from './node-view.ts';
import type { Session, SessionDeps } from './session.ts';
import { SotwSession } from './sotw-session.ts';

export interface AdsServiceDeps {
  readonly messages: Messages;
  readonly authenticate: Authenticate;
  /** What a node is to have as of now. */
  readonly configOf: (nodeId: string) => NodeConfig;
  readonly log: Log;
}

const SERVICE = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const REFUSAL = 'authentication failure';

export class AdsService {
  readonly #deps: AdsServiceDeps;
  readonly #connections = new Set<AdsConnection>();

  constructor(deps: AdsServiceDeps) {
    this.#deps = deps;
  }

  /** Open streams, after authentication. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  register(server: Server): void {
    server.addService(
      {
        streamAggregatedResources: bytesMethod(`${SERVICE}/StreamAggregatedResources`, true),
        deltaAggregatedResources: bytesMethod(`${SERVICE}/DeltaAggregatedResources`, true),
      },
      {
        streamAggregatedResources: (call: AdsCall) => {
          void this.#serve(call, (deps) => new SotwSession(deps));
        },
        deltaAggregatedResources: (call: AdsCall) => {
          void this.#serve(call, (deps) => new DeltaSession(deps));
        },
      },
    );
  }

  /** Lets every stream look again at what its node is to have. */
  pushAll(): void {
    for (const connection of this.#connections) connection.changed();
  }

  async #serve(call: AdsCall, makeSession: (deps: SessionDeps) => Session): Promise<void> {
    const { messages, authenticate, configOf, log } = this.#deps;
    try {
      const identity = await callerOf(call, authenticate, REFUSAL, log);
      const view = new NodeView({ identity, configOf });
      const connection = new AdsConnection({ call, session: makeSession({ messages, view, log }), log });
      this.#connections.add(connection);
      await connection.serve();
      this.#connections.delete(connection);
      log.info(`ADS: ${view.nodeId || 'a stream without node'} terminated`);
    } catch (error) {
      if (!(error instanceof CallError)) log.error(`ADS: stream refused: ${messageOf(error)}`);
      call.emit('error', statusOf(error));
    }
  }
}
