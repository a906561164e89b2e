// Exit codes, signals, and how a start may fail.

import { added, differs, type Subject, works, worksAnd } from '../claim.ts';

export const exitCodes: Subject = {
  title: 'Exit codes',
  introduction: '[Shutdown](shutdown.md) has them for each setting.',
  column: 'The process ends because',
  names: 'text',
  claims: {
    'it was told to: 0': works(
      'cli/proxy.test.ts: drains and ends with 0 on SIGTERM, which needs no explanation',
    ),
    'Envoy crashed': differs(
      'By default it does not end: Envoy is started again. With `--restart-policy=never` 0, as in 1.31.',
      'e2e/hot-restart.test.ts: starts Envoy again after it was killed',
      'envoy/start/cold-start.test.ts: ends as upstream does under the policy never, whatever the exit',
    ),
    'Envoy crashed too often: 255': added(
      'cli/proxy-end.test.ts: is 255 when Envoy has crashed too often, and says so',
    ),
    'Envoy refuses its first bootstrap': differs(
      '255 with Envoy’s own words; 1.31 ends with 0, and so does `--restart-policy=never`.',
      'cli/proxy-end.test.ts: is 255 for a first bootstrap that Envoy refuses, in its words, and it is not started again (U0)',
    ),
    'there is no Envoy': differs(
      '255, before a port is open; 1.31 ends with 0.',
      'e2e/bad-input.test.ts: says where it looked for Envoy and how to name one',
    ),
    'the status port is taken': differs(
      '255; 1.31 goes on without a status port.',
      'cli/proxy.test.ts: ends with 255 when the status port is taken, and says what to do',
    ),
    'a flag or a setting is wrong: 255': works('cli/proxy.test.ts: ends with 255 and one line for …'),
    'the root certificate is missing: 255': works(
      'security/upstream/roots.test.ts: is fatal when missing, a directory, or not provided: the words of the reference, and the remedy',
    ),
    'wait: time is up: 255': works('cli/wait.test.ts: gives up after the timeout, with the last problem'),
    'request: a status from 400 on: 255': works(
      'cli/request.test.ts: fails for every other status from 400 on, showing the body',
    ),
    'istio-iptables cannot set the rules: 1': works(
      'cli/istio-iptables.test.ts: ends with 1 and one line for a value it cannot use',
    ),
    'istio-iptables --run-validation finds no redirection: 126': works(
      'e2e/iptables-validation.test.ts: fails with 126 after the time it was given when there are no rules',
    ),
    'istio-iptables --diff finds a difference: 1': added(
      'e2e/capture/reports.test.ts: --diff tells a strange rule in an own chain, and another order, from a rule of others',
    ),
  },
};

export const signals: Subject = {
  title: 'Signals and the end of a pod',
  introduction: '',
  column: 'Signal',
  names: 'text',
  claims: {
    'SIGTERM, SIGINT': works(
      'e2e/shutdown-sequences.test.ts: a sidecar ends 5 s after SIGTERM, with 2 s of its own after 2 s, with nothing left and code 0',
      'e2e/shutdown-sequences.test.ts: R13: a gateway drains its outbound listener as well',
    ),
    'A second SIGTERM': works('e2e/shutdown-sequences.test.ts: a second SIGTERM changes nothing'),
    'A second SIGINT': differs(
      'Ends at once; 1.31 ignores it.',
      'cli/proxy.test.ts: ends without waiting for the drain when it is interrupted twice',
    ),
    'How Envoy is ended': differs(
      'By SIGTERM and, 2 s later, by SIGKILL, so that access logs are written out; with `--hot-restart=false` by SIGKILL, as in 1.31.',
      'envoy/end/termination.test.ts: U1: drains for as long as it takes, waits 5 s, and sends SIGTERM',
      'envoy/end/termination.test.ts: U1: drains, waits 5 s, and kills',
    ),
    'How long Envoy’s listeners are open': differs(
      'Until Envoy is ended; with `--hot-restart=false` they close `drainDuration` after the drain, as in 1.31.',
      'e2e/shutdown-sequences.test.ts: R13: after SIGTERM a sidecar accepts until the drain time, 2 s, telling clients to leave, and then refuses',
    ),
    'SIGTERM during a start': works(
      'cli/proxy-signals.test.ts: end it with 0 before there is an Envoy, and nothing is left',
    ),
    SIGHUP: differs(
      'Hot restart; ignored with `--hot-restart=false`. 1.31 has no use for it.',
      'cli/proxy.test.ts: asks for a hot restart on SIGHUP',
    ),
    SIGUSR1: differs(
      'Envoy reopens its logs; 1.31 has no use for it.',
      'e2e/hot-restart-agents.test.ts: R16: SIGUSR1 has Envoy open its access log anew, and opens no debug port',
    ),
    SIGUSR2: differs(
      'A new certificate. 1.31 has no use for it.',
      'cli/proxy.test.ts: keeps SIGUSR2 and SIGHUP from Envoy, which would die of the one and ignore the other',
    ),
    'SIGKILL to the agent': differs(
      'Takes Envoy along; on a machine 1.31’s Envoy stays behind.',
      'e2e/hot-restart-kills.test.ts: of the agent leave no Envoy behind, and nothing that keeps the next agent from its work',
    ),
    'As PID 1': works(
      'cli/proxy-signals.test.ts: end it with 0 as PID 1, to which only signals that it catches come',
    ),
  },
};

export const troubles: Subject = {
  title: 'When something around the agent fails',
  introduction: '',
  column: 'Trouble',
  names: 'text',
  claims: {
    'CA or control plane away at the start': works(
      'security/renewal.test.ts: arrives once the CA is up',
      'xds-proxy/proxy.test.ts: opens its socket to every user, without needing the control plane',
    ),
    'CA away at a rotation': differs(
      'The old certificate is served to its last second, to new streams as well; 1.31 forgets it first.',
      'security/ca-secrets-rotation.test.ts: 32: are the old ones to their last second while the CA is down, and new ones soon after it is back',
    ),
    'A CA that accepts and never answers': differs(
      '10 s for an attempt, 30 s for a request; 1.31 waits.',
      'security/ca/ca-client-attempts.test.ts: 18: gives up an attempt that gets no answer, and the whole call at its own limit',
    ),
    'A CA’s answer that is for another key, or expired': differs(
      'Refused, and the old certificate stays; 1.31 serves it.',
      'security/ca/workload-certificate.test.ts: 19: refuses a certificate for another key',
      'security/ca/workload-certificate.test.ts: refuses one that is expired on arrival, and one that leads to no root',
    ),
    'A replaced root': differs(
      'The old one stays trusted until the last certificate of it has expired.',
      'security/ca-secrets-rotation.test.ts: bring a new root first, and keep the old one for as long as its leaf lived',
    ),
    'Control plane away while Envoy runs': works(
      'e2e/xds-envoy.test.ts: serves on without a control plane, and has what is new once there is one again',
    ),
    'A control plane that ends every stream at once': differs(
      'Waits up to 10 s before it connects again, from the second time on.',
      'xds-proxy/proxy.test.ts: reconnects at once the first time, then after a random wait while streams end young',
    ),
    'Envoy refuses what the control plane sends': worksAnd(
      'A missing extension is named with the remedy.',
      'e2e/xds-envoy.test.ts: keeps what it had when it refuses something new, in words that reach operator and control plane',
      'e2e/xds-handlers.test.ts: names the extension for want of which Envoy refuses a listener, and the remedy',
    ),
    'A dead resolver of two': differs(
      'Costs a query some 20 ms; in 1.31 the time limit, 5 s.',
      'dns/forward/flight.test.ts: answers 99 of 100 queries within 50 ms when one of two resolvers is dead, from the first one on',
    ),
    'A full disk below the log': differs(
      'Costs lines of the log, and the agent runs on.',
      'runtime/winston-log.test.ts: tells of lines it cannot write, and goes on',
      'cli/agent.test.ts: does not end the proxy for a line of its log that a full disk does not take',
    ),
  },
};
