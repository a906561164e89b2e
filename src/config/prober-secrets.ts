// What may be shown of the application's probers. The values of their headers may be credentials; what else stands there
// is not secret, but in a text that is no JSON nobody can tell one from the other.

import { messageOf } from '../runtime/errors.ts';
import { isJsonObject, type Json } from '../runtime/json.ts';
import { MASK } from '../runtime/redaction.ts';

/** Members whose values may be shown, in lower case: Go reads names so. */
const SHOWN = new Set([
  'httpget',
  'tcpsocket',
  'grpc',
  'path',
  'port',
  'host',
  'scheme',
  'service',
  'timeoutseconds',
]);

/** The same probers; what nobody here reads is replaced by something of its kind, the values of headers first. */
export function withoutHeaderValues(probers: Json): Json {
  return mapped(probers, (_path, prober) => harmless(prober));
}

function harmless(value: Json): Json {
  return mapped(value, (name, member) => {
    if (name === 'httpheaders') return typeof member === 'string' ? MASK : mapped(member, header);
    return SHOWN.has(name) ? harmless(member) : masked(member);
  });
}

function header(name: string, member: Json): Json {
  return name === 'name' && typeof member === 'string' ? member : masked(member);
}

/** @param change is told names in lower case */
function mapped(value: Json, change: (name: string, member: Json) => Json): Json {
  if (Array.isArray(value)) {
    return value.map((item) => (isJsonObject(item) ? mapped(item, change) : masked(item)));
  }
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, change(name.toLowerCase(), member)]);
  return Object.fromEntries(members) as Json;
}

function masked(value: Json): Json {
  if (typeof value === 'string') return MASK;
  if (typeof value === 'number') return 0;
  if (Array.isArray(value)) return [];
  return isJsonObject(value) ? {} : value;
}

/** Why a text is no JSON, in the parser's words, without the piece of the text that it quotes. */
export function syntaxProblem(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return messageOf(error).replace(/(?:^|, )(?:\.{3})?".*is not valid JSON$/s, '') || 'it is no JSON';
  }
}

const FIELDS =
  'httpGet|tcpSocket|grpc|path|port|host|scheme|service|httpHeaders|name|value|' +
  'timeoutSeconds|periodSeconds|initialDelaySeconds|successThreshold|failureThreshold';

/** The names a prober is written with, its own path, and numbers that may be ports or seconds. */
const PLAIN = new RegExp(`^(?:"(?:${FIELDS}|/app-[\\w./-]*)"|\\d{1,5}|true|false|null)$`, 'i');

/** The shape of a text that is no JSON, with its well-known words; all others are masked. */
export function shownWords(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"?|[^"{}[\],:\s]+/gs, (word) => (PLAIN.test(word) ? word : MASK));
}
