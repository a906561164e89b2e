// Settings of an agent in a pod, as far as they say how the control plane is reached.

import type { ControlPlaneSettings } from '../../src/security/upstream/control-plane.ts';

export function controlPlaneSettings(
  part: Partial<ControlPlaneSettings> & Pick<ControlPlaneSettings, 'workingDirectory'>,
): ControlPlaneSettings {
  return {
    caAddress: '',
    discoveryAddress: 'control.example:15012',
    istiodSan: '',
    caProvider: 'Citadel',
    caRootFile: '',
    xdsRootFile: '',
    certProvider: 'istiod',
    provCertDir: '',
    fileMountedCerts: false,
    clientRootFile: '',
    clientChainFile: '',
    clientKeyFile: '',
    discoveryTls: true,
    compliancePolicy: '',
    httpsProxy: '',
    noProxy: '',
    clusterId: 'here',
    caHeaders: { ca: '1' },
    xdsHeaders: { xds: '1' },
    keepaliveMs: 30_000,
    keepaliveTimeoutMs: 10_000,
    ...part,
  };
}
