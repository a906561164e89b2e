// Small programs for containers made from the base image.

import type { Yaml } from './pod-yaml.ts';

/** Answers GET on port 8080 and ends with 0 at SIGTERM. */
export const SERVER = `
import http.server, os, signal
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, self.headers['User-Agent'], self.client_address[0], flush=True)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(('', 8080), Page).serve_forever()
`;

export const SERVE: Yaml = {
  command: ['python3', '-c', SERVER],
  ports: [{ name: 'web', containerPort: 8080 }],
  readinessProbe: { httpGet: { port: 'web', path: '/ready' }, periodSeconds: 1 },
};
export function shell(script: string): Yaml {
  return { command: ['sh', '-c', script] };
}
