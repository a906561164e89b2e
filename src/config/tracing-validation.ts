// The rules for ProxyConfig.tracing: the address of the collector and the TLS towards it.

import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';
import { addressProblem } from './address.ts';

export function tracingProblems(tracing: Json | undefined): string[] {
  if (!isJsonObject(tracing)) return [];
  return [
    ...collectorProblems('invalid zipkin address:', tracing.zipkin),
    ...collectorProblems('invalid datadog address:', tracing.datadog),
    ...lightstepProblems(tracing.lightstep),
    ...tlsProblems(tracing.tlsSettings),
    ...customTagProblems(tracing.customTags),
  ];
}

/** $(HOST_IP) stands for an address the agent puts in later. */
function collectorProblems(prefix: string, collector: Json | undefined): string[] {
  if (!isJsonObject(collector)) return [];
  const problem = addressProblem(textOf(collector.address).replace('$(HOST_IP)', '127.0.0.1'));
  return problem === undefined ? [] : [`${prefix} ${problem}`];
}

function lightstepProblems(lightstep: Json | undefined): string[] {
  if (!isJsonObject(lightstep)) return [];
  const problem = addressProblem(textOf(lightstep.address));
  return [
    ...(problem === undefined ? [] : [`invalid lightstep config: invalid lightstep address: ${problem}`]),
    ...(textOf(lightstep.accessToken) === '' ? ['invalid lightstep config: access token is required'] : []),
  ];
}

function tlsProblems(tls: Json | undefined): string[] {
  if (!isJsonObject(tls)) return [];
  const mode = textOf(tls.mode);
  const files = [tls.clientCertificate, tls.privateKey, tls.caCertificates].some(
    (file) => textOf(file) !== '',
  );
  if (textOf(tls.credentialName) !== '') {
    return files && ['SIMPLE', 'MUTUAL'].includes(mode)
      ? ['tracing TLS settings: cannot set both credentialName and certificate files']
      : [];
  }
  return mode === 'MUTUAL' ? mutualProblems(tls) : [];
}

function mutualProblems(tls: JsonObject): string[] {
  return [
    ...(textOf(tls.clientCertificate) === '' ? ['client certificate required for mutual tls'] : []),
    ...(textOf(tls.privateKey) === '' ? ['private key required for mutual tls'] : []),
  ];
}

function customTagProblems(tags: Json | undefined): string[] {
  if (!isJsonObject(tags)) return [];
  return Object.entries(tags).flatMap(([name, tag]) =>
    tag === null ? [`tracing custom tag "${name}" cannot be null`] : [],
  );
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
