// Files and sockets, by the paths of a pod.

import { differs, notYet, type Subject, works, worksAnd } from '../claim.ts';

export const files: Subject = {
  title: 'Files and sockets',
  introduction: 'Relative paths start from the working directory, `/` in the image.',
  column: 'Path',
  names: 'code',
  claims: {
    './etc/istio/proxy/': works(
      'runtime/socket-file.test.ts: has the mode asked for, and its new directory 0750, whatever the umask is',
    ),
    './etc/istio/proxy/envoy-rev.json': differs(
      'With hot restart, the default, `envoy-rev<epoch>.json`, from `envoy-rev0.json` on; removed when that Envoy has ended.',
      'bootstrap/bootstrap-file.test.ts: has the epoch in its name with hot restart only',
      'agent/agent.test.ts: starts Envoy from the rendered bootstrap and removes it afterwards',
    ),
    './etc/istio/proxy/XDS': works(
      'xds-proxy/proxy.test.ts: opens its socket to every user, without needing the control plane',
    ),
    './etc/istio/proxy/lightstep_access_token.txt': differs(
      'Readable by its owner alone; in 1.31 by all.',
      'bootstrap/bootstrap-file.test.ts: writes the Lightstep token beside it, both readable by the owner only',
    ),
    './etc/istio/proxy/grpc-bootstrap.json': works(
      'bootstrap/grpc-bootstrap-file.test.ts: writes a file for all to read into a directory it makes private, and leaves nothing else',
      'bootstrap/grpc-bootstrap.test.ts: has exactly the members a proxyless client reads',
    ),
    './etc/istio/pod/labels, ./etc/istio/pod/annotations': differs(
      'Read as in 1.31, and watched: changed annotations may cause a hot restart, changed labels one with `RESTART_ON_LABEL_CHANGE`.',
      'config/pod-info.test.ts: reads one entry per line, values with newlines and equals signs too',
      'agent/restart-watcher.test.ts: does not restart for labels unless told to; it says so once and remembers',
    ),
    './etc/istio/config/mesh': differs(
      'Read as in 1.31, and watched.',
      'config/agent-config.test.ts: refuses a mesh file that is there but cannot be read',
      'agent/envoy-files.test.ts: names the mesh file, what the pod says of itself, and the binary',
    ),
    './var/lib/istio/envoy/envoy_bootstrap_tmpl.json': differs(
      'Not read: the default template is built in and gives the same document.',
      'bootstrap/bootstrap-source.test.ts: is built in unless something is named',
      'bootstrap/bootstrap.test.ts: renders a plain sidecar byte for byte, the same every time',
    ),
    '/var/lib/istio/data': notYet('No Wasm modules are put there.'),
    '/etc/istio/custom-bootstrap/custom_bootstrap.json': works(
      'bootstrap/bootstrap-override.test.ts: makes one line of JSON from YAML, keys sorted',
    ),
    './var/run/secrets/workload-spiffe-uds/socket': worksAnd(
      'A socket that is deleted is there again within seconds.',
      'sds/server.test.ts: 78: opens its socket to every user, makes the directory 0750 and replaces what a server left',
      'sds/socket-listener.test.ts: listens again within two seconds where the socket was removed, and says so in one line',
    ),
    './var/run/secrets/credential-uds/socket': works(
      'agent/agent-modes.test.ts: tells Envoy of a server for credentials',
    ),
    './var/run/secrets/credential-uds/files-socket': works(
      'agent/agent-modes.test.ts: leaves it its socket, serves files on another, and signs nothing',
    ),
    './var/run/secrets/workload-spiffe-credentials/': works(
      'agent/identity-files.test.ts: 53: serves those that are mounted for the workload, without a CA',
      'agent/identity-files.test.ts: 54: serves those of GKE',
    ),
    './var/run/secrets/tokens/istio-token': works(
      'security/upstream/file-token.test.ts: is read at every call and trimmed',
    ),
    './var/run/secrets/istio/root-cert.pem': worksAnd(
      'Read anew for every connection, so that a replaced root counts without a restart.',
      'security/upstream/roots.test.ts: is by default the mounted one',
      'security/upstream/kept-anchors.test.ts: sees the swap of the volume that holds the file',
    ),
    '/var/run/secrets/istio/crl/ca-crl.pem': works(
      'security/files/crl-file.test.ts: tells when the list appears and when it goes, and not when it is replaced',
    ),
    '$OUTPUT_CERTS/': works(
      'agent/identity.test.ts: 29: writes certificates with mode 0… for …',
      'security/output-certs.test.ts: 29: shows a key beside its own chain and anchors at all times, over 100 rotations',
    ),
    './etc/istio/proxy/SDS': works(
      'agent/own-socket-path.test.ts: is that of Istio 1.7 where the folder is on a root that is read-only',
    ),
    './etc/certs/': works(
      'agent/identity-files.test.ts: 52: serves those of etc/certs, and asks the CA for nothing',
    ),
    'file-cert:, file-root:': worksAnd(
      'Files are looked at again without events, too, and half a file never replaces a whole one.',
      'security/files/file-secrets.test.ts: 33: serves what the files hold, expired or not, and tells of nothing',
      'security/files/file-secrets.test.ts: keeps the last pair until chain and key belong together',
    ),
    '/etc/resolv.conf': differs(
      '1.31 reads it once; here it is followed as it changes.',
      'dns/forward/resolver-file.test.ts: sees a file that is replaced, one that is written in place, and links that lead elsewhere',
    ),
    '/dev/shm': differs(
      'Used by hot restart; where it is missing or read-only the agent says so once and goes on without.',
      'envoy/start/cold-start.test.ts: goes on so, with one warning, where shared memory cannot be used',
    ),
    '/dev/termination-log': differs(
      'Gets the reason of an end nobody asked for.',
      'cli/proxy-end.test.ts: leaves no secret and no more than Kubernetes reads of the reason',
    ),
  },
};
