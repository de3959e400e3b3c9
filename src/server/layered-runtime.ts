import type { LayeredRuntime as LayeredRuntimeMessage } from '../api/generated/envoy/config/bootstrap/v3.ts';
import { ConfigPath } from '../core/problems.ts';
import type { Runtime, RuntimeValue } from '../core/runtime.ts';

/** Reports what is wrong with a layer. */
export interface RuntimeProblems {
  error(at: ConfigPath, message: string): void;
}

/** A value and the text that `/runtime` shows for it. */
export interface RuntimeEntry {
  readonly value: RuntimeValue;
  readonly text: string;
}

export interface RuntimeLayer {
  readonly name: string;
  readonly kind: 'static' | 'admin';
  readonly entries: ReadonlyMap<string, RuntimeEntry>;
}

const LAYERS = ConfigPath.root.field('layered_runtime').field('layers');

/** Pure. The admin layer comes out empty. */
export function compileRuntimeLayers(message: LayeredRuntimeMessage | undefined, problems: RuntimeProblems): RuntimeLayer[] {
  const layers: RuntimeLayer[] = [];
  message?.layers.forEach(({ name, layerSpecifier }, index) => {
    const at = LAYERS.index(index);
    if (layers.some((layer) => layer.name === name)) problems.error(at.field('name'), `Duplicate layer name: ${name}`);
    switch (layerSpecifier.case) {
      case 'staticLayer': {
        const entries = new Map<string, RuntimeEntry>();
        addStruct(entries, '', layerSpecifier.value, at.field('static_layer'), problems);
        layers.push({ name, kind: 'static', entries });
        return;
      }
      case 'adminLayer':
        if (layers.some(({ kind }) => kind === 'admin')) {
          problems.error(at.field('admin_layer'), 'Too many admin layers specified in LayeredRuntime, at most one may be specified');
        }
        layers.push({ name, kind: 'admin', entries: new Map() });
    }
  });
  return layers;
}

type Struct = Readonly<Record<string, unknown>>;

function addStruct(entries: Map<string, RuntimeEntry>, prefix: string, struct: Struct, at: ConfigPath, problems: RuntimeProblems): void {
  for (const [key, value] of Object.entries(struct)) {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const entry = entryOf(value);
    if (entry !== undefined) entries.set(name, entry);
    else if (isStruct(value)) addStruct(entries, name, value, at.key(key), problems);
    else problems.error(at.key(key), `Invalid runtime entry value for ${name}`);
  }
}

function isStruct(value: unknown): value is Struct {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entryOf(value: unknown): RuntimeEntry | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return { value, text: String(value) };
  if (typeof value === 'string') return parseRuntimeText(value);
  if (!isStruct(value) || !('numerator' in value || 'denominator' in value)) return undefined;
  const numerator = Number(value['numerator'] ?? 0);
  const denominator = DENOMINATORS.find((name) => name === (value['denominator'] ?? 'HUNDRED')) ?? 'HUNDRED';
  return { value: { numerator, denominator }, text: `{"numerator":${numerator},"denominator":"${denominator}"}` };
}

const DENOMINATORS = ['HUNDRED', 'TEN_THOUSAND', 'MILLION'] as const;

/** How Envoy reads a value that came as text, from a file or from `/runtime_modify`. */
export function parseRuntimeText(text: string): RuntimeEntry {
  const trimmed = text.trim();
  if (/^(true|false)$/i.test(trimmed)) return { value: trimmed.toLowerCase() === 'true', text };
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return { value: Number(trimmed), text };
  const fraction = /^\{?\s*"?numerator"?\s*:\s*(\d{1,10})\s*[,\n]\s*"?denominator"?\s*:\s*"?(HUNDRED|TEN_THOUSAND|MILLION)"?\s*\}?$/.exec(trimmed);
  if (fraction === null) return { value: text, text };
  return { value: { numerator: Number(fraction[1]), denominator: fraction[2] as (typeof DENOMINATORS)[number] }, text };
}

/** The runtime of one thread: what the layers come down to. The main thread replaces its values. */
export class SnapshotRuntime implements Runtime {
  #values: ReadonlyMap<string, RuntimeValue> = new Map();
  #version = 0;

  get version(): number {
    return this.#version;
  }

  replace(values: ReadonlyMap<string, RuntimeValue>): void {
    this.#values = values;
    this.#version++;
  }

  value(key: string): RuntimeValue | undefined {
    return this.#values.get(key);
  }

  number(key: string, otherwise: number): number {
    const value = this.#values.get(key);
    return typeof value === 'number' ? value : otherwise;
  }

  boolean(key: string, otherwise: boolean): boolean {
    const value = this.#values.get(key);
    return typeof value === 'boolean' ? value : otherwise;
  }

  feature(key: string, otherwise: boolean): boolean {
    return this.boolean(key, otherwise);
  }
}

/** The layers, lowest first, and the values that come out of them. Lives on the main thread. */
export class RuntimeLayers {
  #layers: readonly RuntimeLayer[] = [];
  /** Kept over reloads. */
  #overrides: ReadonlyMap<string, RuntimeEntry> = new Map();

  /** Takes the layers of a new configuration; what the admin interface has set stays. */
  replace(layers: readonly RuntimeLayer[]): void {
    this.#layers = layers;
  }

  /** With the admin layer's present entries. */
  layers(): readonly RuntimeLayer[] {
    return this.#withOverrides(this.#layers);
  }

  /** The runtime that would come out if these layers replaced the present ones. */
  preview(layers: readonly RuntimeLayer[]): Runtime {
    const runtime = new SnapshotRuntime();
    runtime.replace(valuesOf(this.#withOverrides(layers)));
    return runtime;
  }

  get adminOverrides(): number {
    return this.#overrides.size;
  }

  /** Sets keys in the admin layer; an empty text removes one. False when there is no such layer. */
  modify(changes: ReadonlyMap<string, string>): boolean {
    if (!this.#layers.some(({ kind }) => kind === 'admin')) return false;
    const overrides = new Map(this.#overrides);
    for (const [key, text] of changes) {
      if (text === '') overrides.delete(key);
      else overrides.set(key, parseRuntimeText(text));
    }
    this.#overrides = overrides;
    return true;
  }

  values(): ReadonlyMap<string, RuntimeValue> {
    return valuesOf(this.layers());
  }

  #withOverrides(layers: readonly RuntimeLayer[]): readonly RuntimeLayer[] {
    return layers.map((layer) => (layer.kind === 'admin' ? { ...layer, entries: this.#overrides } : layer));
  }
}

function valuesOf(layers: readonly RuntimeLayer[]): ReadonlyMap<string, RuntimeValue> {
  const values = new Map<string, RuntimeValue>();
  for (const { entries } of layers) for (const [key, { value }] of entries) values.set(key, value);
  return values;
}
