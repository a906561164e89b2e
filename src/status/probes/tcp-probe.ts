// tcpSocket: a connection that is made and given up at once. It is reset, not closed: so no port of ours waits in
// TIME_WAIT, of which a kubelet that asks every second would make many.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go handleAppProbeTCPSocket, which sets SO_LINGER.

import { connect, type TcpNetConnectOpts } from 'node:net';

import { opened } from './connection.ts';
import type { ProbeResult } from './probe.ts';

/** @throws what kept the connection from being made, or the signal's reason */
export async function tcpProbe(options: TcpNetConnectOpts, signal: AbortSignal): Promise<ProbeResult> {
  const socket = connect(options);
  await opened(socket, 'connect', signal);
  socket.resetAndDestroy();
  return { status: 200 };
}
