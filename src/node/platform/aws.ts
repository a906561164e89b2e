// Amazon EC2: the instance metadata service, version 2 where it gives a token, else version 1.
// Upstream: istio 1.31 pkg/bootstrap/platform/aws.go.

import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { metadataText } from './metadata-server.ts';
import { withoutBlanks, type Cloud, type Platform } from './platform.ts';

export interface AwsSettings {
  /** Where the service is: `http://` and an address. */
  readonly endpoint: string;
}

export interface AwsDeps {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
}

/** Of each request: the service is in the hypervisor, so who is not there at once is not there. */
const TIMEOUT_MS = 100;
const TOKEN_LIFETIME = { 'X-aws-ec2-metadata-token-ttl-seconds': '60' };

type Headers = Readonly<Record<string, string>>;

export function aws({ endpoint }: AwsSettings, { clock, log }: AwsDeps): Cloud {
  const ask = async (path: string, headers: Headers, signal: AbortSignal): Promise<string> => {
    try {
      const url = `${endpoint}/latest/meta-data/${path}`;
      return await metadataText({ url, headers, timeoutMs: TIMEOUT_MS }, clock, signal);
    } catch (error) {
      log.debug(`error in getting aws info for ${path} : ${messageOf(error)}`);
      return '';
    }
  };
  const tokenHeader = async (signal: AbortSignal): Promise<Headers> => {
    try {
      const url = `${endpoint}/latest/api/token`;
      const question = { url, method: 'PUT', headers: TOKEN_LIFETIME, timeoutMs: TIMEOUT_MS } as const;
      const token = await metadataText(question, clock, signal);
      return token === '' ? {} : { 'X-aws-ec2-metadata-token': token };
    } catch (error) {
      log.debug(`error in getting aws token : ${messageOf(error)}`);
      return {};
    }
  };
  return {
    name: 'AWS',
    detect: async (signal) => {
      const info = await ask('iam/info', await tokenHeader(signal), signal);
      return info.includes('arn:aws:iam');
    },
    describe: async (signal): Promise<Platform> => {
      const headers = await tokenHeader(signal);
      const paths = ['placement/region', 'placement/availability-zone', 'instance-id'];
      const values = await Promise.all(paths.map((path) => ask(path, headers, signal)));
      const [region, zone, instanceId] = values;
      return {
        isKubernetes: true,
        metadata: withoutBlanks({
          aws_region: region,
          aws_availability_zone: zone,
          aws_instance_id: instanceId,
        }),
        labels: {},
        locality: withoutBlanks({ region, zone }),
      };
    },
  };
}
