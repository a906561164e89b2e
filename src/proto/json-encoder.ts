// Protobuf's JSON form to protobuf bytes, with Any at any depth. Strict: an unknown field, a second spelling of one
// field, two members of a oneof, a value of another type are errors that name the place.
// Source of the rules: protobuf.dev, "ProtoJSON Format".

import protobuf from 'protobufjs/light.js';

import { JsonMappingError, shown, type Path } from './json-mapping-error.ts';
import { enumFromJson, mapKeyFromJson, scalarFromJson } from './json-scalars.ts';
import { wellKnownReader } from './json-well-known.ts';
import type { Any } from './messages.ts';

type Fields = Readonly<Record<string, unknown>>;

const ANY = '.google.protobuf.Any';
const VALUE = '.google.protobuf.Value';

export class JsonEncoder {
  readonly #root: protobuf.Root;
  readonly #api: string;
  /** Fields by both spellings, per message type, kept because every resource asks for the same few types. */
  readonly #fields = new Map<protobuf.Type, ReadonlyMap<string, protobuf.Field>>();

  /**
   * @param root holds every message type that may occur, with field names as in the .proto files
   * @param api what the types belong to, for error messages
   */
  constructor(root: protobuf.Root, api: string) {
    this.#root = root;
    this.#api = api;
  }

  /**
   * Encodes an object whose type stands in its `@type`.
   *
   * @throws JsonMappingError
   */
  encodeAny(json: unknown, path: Path = []): Any {
    if (!isObject(json)) throw new JsonMappingError(path, `expected an object, found ${shown(json)}`);
    const { '@type': typeUrl, ...rest } = json;
    if (typeof typeUrl !== 'string') throw new JsonMappingError(path, 'the field "@type" is missing');
    const type = this.#typeOf(typeUrl, path);
    const read = wellKnownReader(type.fullName);
    const fields = read ? read(onlyValue(rest, path), [...path, 'value']) : this.#message(type, rest, path);
    return { typeUrl, value: encodeFields(type, fields, path) };
  }

  #typeOf(typeUrl: string, path: Path): protobuf.Type {
    const name = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
    const found = this.#root.lookup(`.${name}`, [protobuf.Type]);
    if (found instanceof protobuf.Type && typeUrl.includes('/')) return found;
    throw new JsonMappingError([...path, '@type'], `${shown(typeUrl)} is no message type of ${this.#api}`);
  }

  #message(type: protobuf.Type, json: unknown, path: Path): Fields {
    const read = wellKnownReader(type.fullName);
    if (read) return read(json, path);
    if (type.fullName === ANY) {
      const { typeUrl, value } = this.encodeAny(json, path);
      return { type_url: typeUrl, value };
    }
    if (!isObject(json)) throw new JsonMappingError(path, `expected an object, found ${shown(json)}`);
    const given = new Map<protobuf.Field, unknown>();
    for (const [key, value] of Object.entries(json)) this.#takeField(type, given, key, value, path);
    return Object.fromEntries([...given].map(([field, value]) => [field.name, value]));
  }

  #takeField(
    type: protobuf.Type,
    given: Map<protobuf.Field, unknown>,
    key: string,
    json: unknown,
    path: Path,
  ): void {
    const place = [...path, key];
    const field = this.#fieldsOf(type).get(key);
    if (field === undefined) {
      throw new JsonMappingError(place, `unknown field of ${type.fullName.slice(1)} (${this.#api})`);
    }
    if (given.has(field)) throw new JsonMappingError(place, `${field.name} is given twice`);
    // In JSON null means: not set. Only a free JSON value can be null itself.
    if (json === null && field.resolvedType?.fullName !== VALUE) return;
    const rival = field.partOf?.fieldsArray.find((other) => given.has(other));
    if (rival) {
      throw new JsonMappingError(place, `only one of ${field.partOf?.name} may be set; ${rival.name} is too`);
    }
    given.set(field, this.#fieldValue(field, json, place));
  }

  #fieldsOf(type: protobuf.Type): ReadonlyMap<string, protobuf.Field> {
    const cached = this.#fields.get(type);
    if (cached) return cached;
    const resolved = type.fieldsArray.map((field) => field.resolve());
    const fields = new Map(
      resolved.flatMap((field) => [
        [field.name, field],
        [field.jsonName ?? field.name, field],
      ]),
    );
    this.#fields.set(type, fields);
    return fields;
  }

  #fieldValue(field: protobuf.Field, json: unknown, path: Path): unknown {
    if (isMapField(field)) return this.#map(field, json, path);
    if (!field.repeated) return this.#single(field, json, path);
    if (!Array.isArray(json)) throw new JsonMappingError(path, `expected a list, found ${shown(json)}`);
    return json.map((item: unknown, index) => this.#single(field, item, [...path, index]));
  }

  #map(field: protobuf.MapField, json: unknown, path: Path): Fields {
    if (!isObject(json)) throw new JsonMappingError(path, `expected an object, found ${shown(json)}`);
    const entries = Object.entries(json).map(([key, value]) => {
      const place = [...path, key];
      return [mapKeyFromJson(field.keyType, key, place), this.#single(field, value, place)];
    });
    return Object.fromEntries(entries);
  }

  #single(field: protobuf.FieldBase, json: unknown, path: Path): unknown {
    const { resolvedType } = field;
    if (resolvedType instanceof protobuf.Type) return this.#message(resolvedType, json, path);
    if (resolvedType instanceof protobuf.Enum) return enumFromJson(resolvedType, json, path);
    return scalarFromJson(field.type, json, path);
  }
}

function isMapField(field: protobuf.FieldBase): field is protobuf.MapField {
  return field instanceof protobuf.MapField;
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Inside an Any, a type with a JSON form of its own stands under `value`. */
function onlyValue(rest: Fields, path: Path): unknown {
  const extra = Object.keys(rest).find((key) => key !== 'value');
  if (extra !== undefined)
    throw new JsonMappingError([...path, extra], 'only "value" may stand beside "@type"');
  return rest.value;
}

function encodeFields(type: protobuf.Type, fields: Fields, path: Path): Uint8Array {
  try {
    return type.encode(fields).finish();
  } catch (error) {
    throw new JsonMappingError(path, error instanceof Error ? error.message : String(error)); // nested too deeply
  }
}
