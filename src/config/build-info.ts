// What this build says about itself. The Istio version is the release whose behaviour it has: control planes switch
// features on it.

export interface BuildInfo {
  /** The Istio release this agent stands in for. */
  readonly istioVersion: string;
  readonly agentVersion: string;
  readonly revision: string;
  readonly status: string;
  readonly tag: string;
}

export const buildInfo: BuildInfo = {
  istioVersion: '1.31.0',
  agentVersion: '0.1.0',
  revision: 'unknown',
  status: 'unknown',
  tag: 'unknown',
};
