// Reads an object of a YAML document field by field. What nobody asked for is an error: a field that this kubelet does
// not know may change what a pod does, and must not be passed over in silence.

export class Fields {
  /** Where in the document, such as `spec.containers[0]`. */
  readonly path: string;
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #unread: Set<string>;

  private constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error(`${path} must be an object`);
    this.path = path;
    this.#object = value as Readonly<Record<string, unknown>>;
    this.#unread = new Set(Object.keys(value));
  }

  /** @throws Error that names the first field which `read` left unread, or whose value has another type */
  static read<T>(value: unknown, path: string, read: (fields: Fields) => T): T {
    const fields = new Fields(value, path);
    const result = read(fields);
    const [unknown] = fields.#unread;
    if (unknown !== undefined) throw new Error(`this kubelet does not know ${fields.#at(unknown)}`);
    return result;
  }

  text(name: string): string | undefined {
    return this.#take(name, 'a string', isText);
  }

  number(name: string): number | undefined {
    return this.#take(name, 'a number', isNumber);
  }

  flag(name: string): boolean | undefined {
    return this.#take(name, 'true or false', (value) => typeof value === 'boolean');
  }

  /** A port's number or name. */
  port(name: string): number | string | undefined {
    return this.#take(name, 'a port', (value) => isText(value) || isNumber(value));
  }

  texts(name: string): readonly string[] | undefined {
    return this.#take(name, 'a list of strings', (value) => isList(value) && value.every(isText));
  }

  /** Strings by name; numbers are written out, as in `cpu: 2`. */
  textMap(name: string): Readonly<Record<string, string>> {
    const map = this.#take(name, 'an object', (value) => typeof value === 'object') ?? {};
    return Object.fromEntries(
      Object.entries(map).map(([key, value]) => [key, this.#scalar(name, key, value)]),
    );
  }

  /** A string, or a number written out. */
  quantity(name: string): string | undefined {
    const value = this.port(name);
    return value === undefined ? undefined : String(value);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined || allowed.includes(value as T)) return value as T | undefined;
    throw new Error(`this kubelet cannot do ${this.#at(name)}: ${value}, only ${allowed.join(', ')}`);
  }

  object<T>(name: string, read: (fields: Fields) => T): T | undefined {
    const value = this.#raw(name);
    return value === undefined ? undefined : Fields.read(value, this.#at(name), read);
  }

  each<T>(name: string, read: (fields: Fields) => T): readonly T[] {
    const list = this.#take(name, 'a list', isList) ?? [];
    return list.map((value, index) => Fields.read(value, `${this.#at(name)}[${index}]`, read));
  }

  /** What no pod may ask of this kubelet. */
  refuseTrue(name: string): void {
    if (this.flag(name) === true) throw new Error(`this kubelet cannot do ${this.#at(name)}`);
  }

  /** Fields that change nothing about a pod on a node. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#unread.delete(name);
  }

  /** A field that must be there. */
  need<T>(value: T | undefined, name: string): T {
    if (value === undefined) throw new Error(`${this.#at(name)} is missing`);
    return value;
  }

  #scalar(name: string, key: string, value: unknown): string {
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    throw new Error(`${this.#at(name)}.${key} must be a string`);
  }

  #take<T>(name: string, expected: string, fits: (value: unknown) => value is T): T | undefined {
    const value = this.#raw(name);
    if (value === undefined || fits(value)) return value;
    throw new Error(`${this.#at(name)} must be ${expected}`);
  }

  #raw(name: string): unknown {
    this.#unread.delete(name);
    return this.#object[name] ?? undefined; // null is how Go writes what is not set
  }

  #at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
