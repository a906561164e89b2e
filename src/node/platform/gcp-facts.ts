// What the texts of Google Cloud mean: GCP_METADATA, zones, the resolver's search list. Pure.
// Upstream: istio 1.31 pkg/bootstrap/platform/gcp.go.

import type { TextMap } from '../../runtime/json.ts';
import type { Locality } from '../locality.ts';
import { withoutBlanks } from './platform.ts';

export interface GcpFacts {
  /** GCP_METADATA: `project|number|cluster|location`; with any text in it nothing is looked up. */
  readonly metadata: string;
  /** GCP_QUOTA_PROJECT */
  readonly quotaProject: string;
  /** GCP_ZONE */
  readonly zone: string;
}

/** The metadata that GCP_METADATA gives; one that has not four parts still brings quota project and zone. */
export function givenMetadata({ metadata, quotaProject, zone }: GcpFacts): TextMap {
  const parts = metadata.split('|');
  const [project, number, cluster, location] = parts.length === 4 ? parts : [];
  return withClusterUrl({
    gcp_project: project,
    gcp_project_number: number,
    gcp_gke_cluster_name: cluster,
    gcp_location: location,
    gcp_quota_project: quotaProject,
    gcp_zone: zone,
  });
}

/** Adds the URL of the cluster when its three parts are known, and leaves out what is empty. */
export function withClusterUrl(metadata: Readonly<Record<string, string | undefined>>): TextMap {
  const known = withoutBlanks(metadata);
  const { gcp_project: project, gcp_location: location, gcp_gke_cluster_name: cluster } = known;
  if (project === undefined || location === undefined || cluster === undefined) return known;
  const url = `https://container.googleapis.com/v1/projects/${project}/locations/${location}/clusters/${cluster}`;
  return { ...known, gcp_gke_cluster_url: url };
}

/** The zone that the resolver's search list of a virtual machine names; empty when it names none. */
export function zoneOfResolvConf(text: string): string {
  const searched = text.split('\n').flatMap((line) => {
    const [keyword, ...names] = line.trim().split(/\s+/);
    return keyword === 'search' ? names : [];
  });
  const zones = searched.map((name) => /^([^.]+-[^.]+-[^.]+)\.c\..+\.internal\.?$/.exec(name)?.[1]);
  return zones.find((zone) => zone !== undefined) ?? '';
}

/** The region is the zone without its last part. A text without parts is no zone: then nothing is known. */
export function gcpLocality(zone: string): Locality {
  const end = zone.lastIndexOf('-');
  return end < 0 ? {} : withoutBlanks({ region: zone.slice(0, end), zone });
}

/** `projects/123/zones/europe-west1-b` as the metadata server writes it. */
export function zoneName(resource: string): string {
  return resource.slice(resource.lastIndexOf('/') + 1);
}
