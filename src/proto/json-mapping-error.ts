// Where and why a JSON value is not the protobuf message it should be.

/** Steps from the outermost value: field names as the writer spelled them, and indexes of lists. */
export type Path = readonly (string | number)[];

export class JsonMappingError extends Error {
  readonly path: Path;
  /** What is wrong, without the place. */
  readonly problem: string;

  constructor(path: Path, problem: string) {
    super(path.length === 0 ? problem : `${formatPath(path)}: ${problem}`);
    this.name = new.target.name;
    this.path = path;
    this.problem = problem;
  }
}

/** `a.b[2]["odd name"].c` */
export function formatPath(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[\w$-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return steps.join('').replace(/^\./, '');
}

/** How a message names a value it cannot use: short, and never the whole of a large one. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
