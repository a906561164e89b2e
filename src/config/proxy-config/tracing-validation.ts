// The rules for ProxyConfig.tracing: the address of the collector and the TLS towards it.

import { excerpt } from '../../runtime/excerpt.ts';
import { isJsonObject, textOf, type Json, type JsonObject } from '../../runtime/json.ts';
import { addressProblem } from '../address.ts';
import type { Problem } from './validation-problem.ts';

export function tracingProblems(tracing: Json | undefined): Problem[] {
  if (!isJsonObject(tracing)) return [];
  return [
    ...collectorProblems('zipkin', tracing.zipkin),
    ...collectorProblems('datadog', tracing.datadog),
    ...lightstepProblems(tracing.lightstep),
    ...tlsProblems(tracing.tlsSettings),
    ...customTagProblems(tracing.customTags),
  ];
}

/** $(HOST_IP) stands for an address the agent puts in later. */
function collectorProblems(name: string, collector: Json | undefined): Problem[] {
  if (!isJsonObject(collector)) return [];
  const problem = addressProblem(textOf(collector.address).replace('$(HOST_IP)', '127.0.0.1'));
  if (problem === undefined) return [];
  return [{ field: `tracing.${name}.address`, text: `invalid ${name} address: ${problem}` }];
}

function lightstepProblems(lightstep: Json | undefined): Problem[] {
  if (!isJsonObject(lightstep)) return [];
  const problems: Problem[] = [];
  const problem = addressProblem(textOf(lightstep.address));
  if (problem !== undefined) {
    const text = `invalid lightstep config: invalid lightstep address: ${problem}`;
    problems.push({ field: 'tracing.lightstep.address', text });
  }
  if (textOf(lightstep.accessToken) === '') {
    const text = 'invalid lightstep config: access token is required';
    problems.push({ field: 'tracing.lightstep.accessToken', text });
  }
  return problems;
}

const TLS_FILES = ['clientCertificate', 'privateKey', 'caCertificates'];

function tlsProblems(tls: Json | undefined): Problem[] {
  if (!isJsonObject(tls)) return [];
  const mode = textOf(tls.mode);
  if (textOf(tls.credentialName) === '') return mode === 'MUTUAL' ? mutualProblems(tls) : [];
  const hasFiles = TLS_FILES.some((name) => textOf(tls[name]) !== '');
  if (!hasFiles || (mode !== 'SIMPLE' && mode !== 'MUTUAL')) return [];
  const text = 'tracing TLS settings: cannot set both credentialName and certificate files';
  return [{ field: 'tracing.tlsSettings', text }];
}

function mutualProblems(tls: JsonObject): Problem[] {
  const needed = { clientCertificate: 'client certificate', privateKey: 'private key' };
  return Object.entries(needed).flatMap(([name, title]) =>
    textOf(tls[name]) === ''
      ? [{ field: `tracing.tlsSettings.${name}`, text: `${title} required for mutual tls` }]
      : [],
  );
}

function customTagProblems(tags: Json | undefined): Problem[] {
  if (!isJsonObject(tags)) return [];
  return Object.entries(tags).flatMap(([name, tag]) =>
    tag === null
      ? [{ field: 'tracing.customTags', text: `tracing custom tag "${excerpt(name)}" cannot be null` }]
      : [],
  );
}
