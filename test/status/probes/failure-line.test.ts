import { equal } from 'node:assert/strict';

import { failureLine, visible } from '../../../src/status/probes/failure-line.ts';
import { GrpcConnectError, GrpcStatusError, ProbeTimeout } from '../../../src/status/probes/probe.ts';

const PATH = '/app-health/web/livez';
const HTTP = { kind: 'http', port: 80, path: 'ready', scheme: '' } as const;
const GRPC = { kind: 'grpc', port: 80, service: '' } as const;

describe('failureLine', () => {
  it('names both paths of an HTTP probe', () => {
    equal(
      failureLine(HTTP, PATH, new Error('refused')),
      'Request to probe app failed: refused, original URL path = /app-health/web/livez\napp URL path = /ready',
    );
  });

  it('knows no path of the application for a TCP probe', () => {
    equal(
      failureLine({ kind: 'tcp', port: 80 }, PATH, new Error('refused')),
      'Request to probe app failed: refused, original URL path = /app-health/web/livez',
    );
  });

  for (const [error, line] of [
    [
      new GrpcStatusError(12, 'unknown service'),
      'server does not implement the grpc health protocol (grpc.health.v1.Health): ' +
        'rpc error: code = Unimplemented desc = unknown service',
    ],
    [
      new ProbeTimeout('no answer within 1s'),
      'grpc request not finished within timeout: no answer within 1s',
    ],
    [
      new GrpcStatusError(4, 'late'),
      'grpc request not finished within timeout: rpc error: code = DeadlineExceeded desc = late',
    ],
    [new GrpcConnectError('refused'), 'Failed to create grpc connection to probe app: refused'],
    [
      new GrpcStatusError(5, 'unknown service'),
      'grpc probe failed: rpc error: code = NotFound desc = unknown service',
    ],
    [new Error('the service is NOT_SERVING'), 'grpc probe failed: the service is NOT_SERVING'],
  ] as const) {
    it(`says of a gRPC probe: ${line.split(':', 1)[0]} (${error.message})`, () => {
      equal(failureLine(GRPC, PATH, error), line);
    });
  }

  it('lets nobody write lines of his own', () => {
    equal(visible('a\nb\r\u2028\u001b[0m\u0085'), 'a\\nb\\r\\u2028\\x1b[0m\\u0085');
    equal(failureLine({ ...HTTP, path: '/x\ny' }, '/a\n', new Error('b\n')).split('\n').length, 2);
  });
});
