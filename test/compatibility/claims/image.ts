// What a pod finds in the image, and how the agent gets along in it.

import { differs, type Subject, works } from '../claim.ts';

export const image: Subject = {
  title: 'Image and container',
  introduction: '',
  column: 'Matter',
  names: 'text',
  claims: {
    '`agent`, `pilot-agent` and `istio-iptables` on the path': works(
      'image/bundle.test.ts: runs where the launcher is linked under another name',
      'pods: runs its postStart hooks',
    ),
    'Entry point': differs(
      '`tini` in front of the agent, which takes notice of processes that others leave behind; arguments are the same.',
      'pods: leaves no zombie',
    ),
    'User 1337, or the one the pod names': works('pods: runs as its user'),
    'Read-only root': works('pods: has a read-only root'),
    'Files of the volumes': works('pods: gives its files their modes'),
    'Probes of the container': works('pods: answers its own probes', 'pods: is ready in time'),
    'Restart counts of healthy pods': works('pods: restarts nothing'),
    'End within the grace period, with 0': works(
      'pods: ends within its grace period',
      'pods: ends with exit code 0',
    ),
    'Native sidecars: preStop, then SIGTERM': works(
      'pods: drains before it ends',
      'pods: runs its preStop hooks',
    ),
    'Applications that wait for the proxy': works('pods: starts its application after the proxy'),
    Jobs: works('pods: finishes, and its sidecar with it'),
    'A CNI plugin instead of `istio-init`': works(
      'pods: finds the rules of the plugin',
      'pods: fails with exit code 126 without rules',
    ),
  },
};
