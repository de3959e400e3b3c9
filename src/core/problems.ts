/**
 * What is wrong with a configuration: values, collected, never thrown. Every stage (decode, validate, compile) adds to one
 * collector, so a person sees all of it at once.
 */

/** A path into a resource. Immutable and cheap to extend; the text is made only when there is a problem. */
export class ConfigPath {
  static readonly root = new ConfigPath(undefined, '');
  readonly #parent: ConfigPath | undefined;
  readonly #step: string | number;

  private constructor(parent: ConfigPath | undefined, step: string | number) {
    this.#parent = parent;
    this.#step = step;
  }

  /** `name` is the proto field name (snake_case). */
  field(name: string): ConfigPath {
    return new ConfigPath(this, name);
  }

  index(index: number): ConfigPath {
    return new ConfigPath(this, index);
  }

  /** An entry of a map field. */
  key(key: string): ConfigPath {
    return new ConfigPath(this, `[${JSON.stringify(key)}]`);
  }

  /** `static_resources.listeners[0].filter_chains[1]`, `typed_per_filter_config["envoy.filters.http.cors"].policy`. */
  toString(): string {
    if (this.#parent === undefined) return '';
    const before = this.#parent.toString();
    if (typeof this.#step === 'number') return `${before}[${this.#step}]`;
    if (this.#step.startsWith('[')) return before + this.#step;
    return before === '' ? this.#step : `${before}.${this.#step}`;
  }
}

export interface SourcePosition {
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  readonly path: string;
  readonly message: string;
  /** Where the file says it; resources that came as bytes have none. */
  readonly position?: SourcePosition | undefined;
}

/** Nobody reads more, and an alias bomb must not become a memory bomb here. */
export const MAX_PROBLEMS = 1000;

export class Problems {
  readonly errors: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** How many errors and warnings came after the first `MAX_PROBLEMS` of their kind. */
  #omitted = 0;
  /** Finds the position of a path in the source the resource was read from. */
  readonly #locate: ((path: string) => SourcePosition | undefined) | undefined;

  constructor(locate?: (path: string) => SourcePosition | undefined) {
    this.#locate = locate;
  }

  get ok(): boolean {
    return this.errors.length === 0;
  }

  /** No more errors are kept: whoever looks for them may stop making their texts. */
  get full(): boolean {
    return this.errors.length >= MAX_PROBLEMS;
  }

  get omitted(): number {
    return this.#omitted;
  }

  error(path: ConfigPath | string, message: string, position?: SourcePosition): void {
    this.#add(this.errors, path, message, position);
  }

  warning(path: ConfigPath | string, message: string, position?: SourcePosition): void {
    this.#add(this.warnings, path, message, position);
  }

  /** Puts the problems into the order in which a reader of the files meets them; what has no place comes first. */
  sortByPlace(): void {
    const files = new Map<string | undefined, number>([[undefined, -1]]);
    for (const { position } of [...this.errors, ...this.warnings]) {
      if (!files.has(position?.file)) files.set(position?.file, files.size);
    }
    const compare = ({ position: a }: Problem, { position: b }: Problem): number =>
      files.get(a?.file)! - files.get(b?.file)! || (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);
    this.errors.sort(compare);
    this.warnings.sort(compare);
  }

  #add(list: Problem[], path: ConfigPath | string, message: string, position: SourcePosition | undefined): void {
    if (list.length >= MAX_PROBLEMS) {
      this.#omitted++;
      return;
    }
    const text = path.toString();
    list.push({ path: text, message, position: position ?? this.#locate?.(text) });
  }
}

/** What a configuration quotes does not reach a terminal as it is. */
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

function escaped(control: string): string {
  return control === '\n' ? '\\n' : `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** `envoy.yaml:16:15: static_resources.listeners[0].name: what is wrong`. */
export function formatProblem(problem: Problem): string {
  const { position, path, message } = problem;
  const where = position === undefined ? '' : `${position.file}:${position.line}:${position.column}: `;
  return (path === '' ? where + message : `${where}${path}: ${message}`).replaceAll(CONTROL, escaped);
}
