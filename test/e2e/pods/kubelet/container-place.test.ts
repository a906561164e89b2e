// What a container finds in its place, for real: names, values, files, rights, limits.

import { deepEqual, equal, match } from 'node:assert/strict';

import { describeKubelet, TIMEOUT_MS } from './support/described.ts';
import { APPLICATION, podOf } from './support/pod-yaml.ts';
import { SERVE, shell } from './support/programs.ts';

describeKubelet('the place of a container', (parts) => {
  it('gives a container its names, values, files, user and rights', async () => {
    const { kubelet, cluster } = parts();
    cluster.configMaps.set('settings', new Map([['color', 'red']]));
    const script = `
      hostname; cat /etc/hostname; grep web /etc/hosts; cat /etc/resolv.conf
      getent hosts istiod.mesh.svc | tr -s ' '
      echo "$IP $CPU $WHERE $KUBERNETES_SERVICE_HOST"
      id; grep -E 'CapEff|NoNewPrivs' /proc/self/status | tr -s '\\t' ' '
      cat /proc/sys/net/ipv4/ip_unprivileged_port_start
      cat /settings/color /info/labels /token/token; echo
      stat -L -c '%a %u %g' /token/token /plain
      touch /plain/file /memory/file /settings/file /file; echo end`;
    const mounts = ['settings', 'info', 'token', 'plain', 'memory', 'settings/crl'];
    const container = {
      ...APPLICATION,
      ...shell(script),
      env: [
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'WHERE', value: '$(IP):$$(IP)' },
      ],
      resources: { limits: { cpu: '2', memory: '64Mi' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        runAsUser: 1337,
        runAsGroup: 1337,
      },
      volumeMounts: mounts.map((name) => ({ name: name.replace('/', '-'), mountPath: `/${name}` })),
    };
    const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }];
    const sources = [{ serviceAccountToken: { path: 'token', audience: 'istio-ca' } }];
    const spec = {
      restartPolicy: 'Never',
      securityContext: {
        fsGroup: 4000,
        sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
      },
      containers: [container],
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'settings-crl', configMap: { name: 'none', optional: true } },
        { name: 'info', downwardAPI: { items } },
        { name: 'token', projected: { sources } },
        { name: 'plain' },
        { name: 'memory', emptyDir: { medium: 'Memory' } },
      ],
    };

    const pod = await kubelet.run(podOf(spec, { labels: { app: 'web' } }));
    await pod.untilEnded(TIMEOUT_MS);

    const log = (await pod.log('app')).replace(/token \d+/, 'token N').split('\n');
    deepEqual(
      log.filter((line) => line.startsWith('touch')),
      [
        "touch: cannot touch '/settings/file': Read-only file system",
        "touch: cannot touch '/file': Read-only file system",
      ],
    );
    deepEqual(
      log.filter((line) => !line.startsWith('touch')),
      [
        'web',
        'web',
        `${pod.ip}\tweb`,
        'search shop.svc.cluster.local svc.cluster.local cluster.local',
        'nameserver 10.96.0.10',
        'options ndots:5',
        '10.1.2.3 istiod.mesh.svc.cluster.local',
        `${pod.ip} 2 ${pod.ip}:$(IP) 10.96.0.1`,
        'uid=1337 gid=1337 groups=1337,4000',
        'CapEff: 0000000000000000',
        'NoNewPrivs: 1',
        '0',
        'redapp="web"token N',
        '640 1337 4000',
        '2777 0 4000',
        'end',
        '',
      ],
    );
    await pod.delete();
  });

  it('renews the files of volumes', async () => {
    const { kubelet } = parts();
    const sources = [{ serviceAccountToken: { path: 'token' } }];
    const volumeMounts = [{ name: 'token', mountPath: '/token' }];
    const volumes = [{ name: 'token', projected: { sources } }];
    const spec = { volumes, containers: [{ ...APPLICATION, ...SERVE, volumeMounts }] };
    const pod = await kubelet.run(podOf(spec));
    await pod.untilReady(TIMEOUT_MS);
    const read = async (): Promise<string> => (await pod.exec('app', ['cat', '/token/token'])).stdout;
    const before = await read();

    await pod.refreshVolumes();

    match(before, /^token \d+$/);
    equal(Number((await read()).slice('token '.length)) > Number(before.slice('token '.length)), true);
    await pod.delete();
  });

  it('kills what takes more memory than its limit', async () => {
    const { kubelet } = parts();
    const command = ['python3', '-c', 'bytearray(200 * 1024 * 1024)'];
    const container = { ...APPLICATION, command, resources: { limits: { memory: '32Mi' } } };
    const pod = await kubelet.run(podOf({ restartPolicy: 'Never', containers: [container] }));

    const phase = await pod.untilEnded(TIMEOUT_MS);

    equal(phase, 'Failed');
    equal(pod.containers.get('app')?.exitCode, 137);
    await pod.delete();
  });
});
