// Reads probes and hooks of a container.

import type { Action, ContainerSpec, HttpGetAction, ProbeSpec } from '../pod-spec.ts';
import type { Fields } from './fields.ts';

/** @see Kubernetes' defaults of a Probe: 10 s, 1 s, 1, 3 */
export function readProbe(fields: Fields): ProbeSpec {
  return {
    action: readAction(fields),
    initialDelaySeconds: fields.number('initialDelaySeconds') ?? 0,
    periodSeconds: fields.number('periodSeconds') ?? 10,
    timeoutSeconds: fields.number('timeoutSeconds') ?? 1,
    successThreshold: fields.number('successThreshold') ?? 1,
    failureThreshold: fields.number('failureThreshold') ?? 3,
  };
}

export function readLifecycle(fields: Fields): ContainerSpec['lifecycle'] {
  return {
    postStart: fields.object('postStart', readAction),
    preStop: fields.object('preStop', readAction),
  };
}

function readAction(fields: Fields): Action {
  const actions = [
    fields.object('exec', (exec) => ({ do: 'exec' as const, command: exec.texts('command') ?? [] })),
    fields.object('httpGet', readHttpGet),
    fields.object('tcpSocket', (tcp) => ({
      do: 'tcpSocket' as const,
      port: tcp.need(tcp.port('port'), 'port'),
    })),
    fields.object('sleep', (sleep) => ({
      do: 'sleep' as const,
      seconds: sleep.need(sleep.number('seconds'), 'seconds'),
    })),
  ].filter((action) => action !== undefined);
  const [action] = actions;
  if (action === undefined || actions.length > 1) throw new Error(`${fields.path} must have one action`);
  return action;
}

function readHttpGet(fields: Fields): HttpGetAction {
  return {
    do: 'httpGet',
    scheme: fields.oneOf('scheme', ['HTTP', 'HTTPS']) ?? 'HTTP',
    path: fields.text('path') ?? '/',
    port: fields.need(fields.port('port'), 'port'),
  };
}
