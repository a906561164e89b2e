// What alerts, dashboards and restart counts show that is not what they show with 1.31, and which expression to use.

import { differs, notYet, type Subject, works, worksAnd } from '../claim.ts';

export const dashboards: Subject = {
  title: 'Alerts, dashboards and restart counts',
  introduction: `By default a dead Envoy is started again in its container, and planned restarts hand over to a new Envoy. That moves some
of what an alert looks at. \`--hot-restart=false --restart-policy=never\` leaves restarts and ends of Envoy as they were.`,
  column: 'What is watched',
  names: 'text',
  claims: {
    'Restarts of the container (`kube_pod_container_status_restarts_total`)': differs(
      'A crash of Envoy does not raise it any more. Use `increase(istio_agent_envoy_restarts_total{outcome="crashed"}[10m]) > 0`; the series is there from the start. After ten starts in a row that came to nothing the agent ends with 255, and the container counts that one.',
      'e2e/hot-restart.test.ts: starts Envoy again after it was killed',
      'agent/envoy-metrics.test.ts: shows crashes before the first one, so that a rise over time finds that one',
      'cli/proxy-end.test.ts: is 255 when Envoy has crashed too often, and says so',
    ),
    '`CrashLoopBackOff` for a bootstrap that Envoy refuses': differs(
      'Shown as before, now with exit code 255 in place of 0 and Envoy’s words in the termination message; alerts on `Completed` sidecars find nothing.',
      'cli/proxy-end.test.ts: is 255 for a first bootstrap that Envoy refuses, in its words, and it is not started again (U0)',
    ),
    '`OOMKilled`': differs(
      'Absent when the kernel killed Envoy alone; the log says that it did. `istio_agent_envoy_exits_total{signal="SIGKILL"} > 0` finds such a pod, and those where the agent killed an Envoy that hung.',
      'envoy/process/epoch.test.ts: tells whether the kernel killed it for want of memory, unless the kill was its own',
      'agent/envoy-metrics.test.ts: counts the ends of processes',
    ),
    'Exit codes of sidecars of Jobs': differs(
      '0 for an end that was asked for. A crash of Envoy ends nothing; with `--restart-policy=never` it is 0 as in 1.31, and with `--exit-code-policy=propagate` that of Envoy.',
      'cli/proxy-end.test.ts: is … after … …',
      'envoy/start/cold-start.test.ts: ends as upstream does under the policy never, whatever the exit',
    ),
    'Envoy’s counters (`envoy_*_total`, `istio_requests_total`)': differs(
      'Begin at 0 with every Envoy, as after a new container, while the container’s start time stays. `rate()` and `increase()` see a reset; a difference of plain values does not.',
      'e2e/hot-restart-epochs.test.ts: count from 0 each, and rise in the number of the epoch, not in that of the generation',
    ),
    'Envoy’s gauges during a hand-over': differs(
      'Are the new Envoy’s own. Connections that the old one still has are in `/debug/envoyz` under `draining`, for `parentShutdownDuration` (60 s).',
      'agent/envoy-page.test.ts: shows when an old Envoy ends, and what it still serves as far as that is known',
    ),
    '`envoy_server_hot_restart_epoch`, `envoy_server_hot_restart_generation`': differs(
      'The epoch rises with every hand-over, as `istio_agent_envoy_epoch` does; the generation stays 1, as in 1.31. `istio_agent_envoy_generation` counts all Envoys of this agent.',
      'e2e/hot-restart-epochs.test.ts: count from 0 each, and rise in the number of the epoch, not in that of the generation',
      'agent/envoy-metrics.test.ts: shows the Envoy that serves, and whether there is one',
    ),
    'Memory of the sidecar': differs(
      'Twice Envoy’s during a hand-over; a restart that does not fit into the limit is refused: `istio_agent_envoy_restarts_total{outcome="refused"} > 0`.',
      'e2e/hot-restart-memory.test.ts: R17: is refused where two Envoys do not fit; forced, the new one is the victim and the old one serves on',
      'agent/envoy-metrics.test.ts: counts restarts by what asked for them and what became of them, and crashes',
    ),
    'Memory of the agent (`go_memstats_*`)': differs(
      '`istio_agent_nodejs_*` and `istio_agent_process_resident_memory_bytes` in their place.',
      'status/metrics/agent-metrics.test.ts: has the metrics of a process, those of Node in place of those of Go, and all with the prefix',
    ),
    'Wasm modules (`istio_agent_wasm_*`)': notYet(
      'Panels and alerts about the agent’s cache and its downloads find no series: remote modules are not fetched.',
    ),
    'Failed restarts': differs(
      'Worth an alert, and new: `istio_agent_envoy_restarts_total{outcome="rolled_back"} > 0` (the series appears with the first one), and `istio_agent_envoy_admin_lost == 1` for longer than some minutes.',
      'agent/envoy-metrics.test.ts: counts restarts by what asked for them and what became of them, and crashes',
      'agent/envoy-metrics.test.ts: shows a parent that is alive, and an admin port that is lost',
    ),
    'Readiness of the pod': differs(
      'As in 1.31 until Envoy dies: then it is lost until the next Envoy serves, some two seconds, and the pod leaves its endpoints for that time without a new container. A hand-over does not change it.',
      'e2e/status-readiness.test.ts: comes with the configuration, outlives the admin, a handoff but not the last Envoy, and goes with SIGTERM',
      'e2e/agent-restarts.test.ts: serves again within two seconds after Envoy was killed',
    ),
    'Streams at the control plane (`pilot_xds` of istiod)': differs(
      'One more for each Envoy that drains, during a hand-over.',
      'e2e/xds-envoy.test.ts: has a stream of its own beside the Envoy it replaces',
    ),
    '`istio_agent_cert_expiry_seconds`': worksAnd(
      'While no new certificate is to be had it goes on telling of the old one, which is still served. Pairs of files have a series each, by `resource_name`.',
      'agent/certificate-metrics.test.ts: tells how long each leaf and the first of the anchors last, and of ROOTCA no leaf',
      'security/ca-secrets-rotation.test.ts: 32: are the old ones to their last second while the CA is down, and new ones soon after it is back',
    ),
    'Log lines `Envoy proxy is NOT ready: …`, `Envoy proxy is ready`': works(
      'status/readiness/ready-page.test.ts: warns at every failing probe, tells the change to ready once, with the time it took',
    ),
    'Log lines of Envoy’s end': differs(
      'With 1.31’s two switches the same lines in the same order; by default lines with epoch and reason, and no `Envoy exited` of an agent that ends.',
      'envoy/supervisor.test.ts: logs what upstream logs at the end, in its order, and nothing else',
      'envoy/restart/handoff.test.ts: tells every transition in one line with epoch, generation, process and reason',
    ),
    'Log line `Envoy command: […]`': differs(
      '`--restart-epoch`, `--base-id`, `--parent-shutdown-time-s` and `--skip-hot-restart-parent-stats` in place of `--disable-hot-restart`; with `--hot-restart=false` as in 1.31.',
      'agent/envoy-settings.test.ts: gives Envoy the command line the configuration asks for',
      'envoy/process/arguments.test.ts: gives the upstream list, in its order, without hot restart',
    ),
  },
};
