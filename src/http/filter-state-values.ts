import { isIP } from 'node:net';
import { type FilterStateValue, FilterStateValue_SharedWithUpstream } from '../api/generated/envoy/extensions/filters/common/set_filter_state/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { unicodeText } from '../core/wire-text.ts';
import { FilterState, FilterStateAddress, type StateSharing } from './filter-state.ts';
import type { FormatContext } from './format/operator.ts';
import { compileSubstitutionFormat, type SubstitutionFormat } from './format/substitution-format.ts';

/** What makes an object of a text; undefined when it cannot. */
type Factory = (text: string) => unknown;

const asItIs: Factory = (text) => text;

/** Connections are not shared by streams that share different objects of this factory with them. */
const HASHABLE = 'envoy.hashable_string';

/** `envoy.tcp_proxy.cluster` is where the TCP proxy looks for its cluster. */
const FACTORIES: ReadonlyMap<string, Factory> = new Map([
  ['envoy.string', asItIs],
  [HASHABLE, asItIs],
  ['envoy.tcp_proxy.cluster', asItIs],
  ['envoy.network.ip', addressOf],
]);

function addressOf(host: string): FilterStateAddress | undefined {
  const family = isIP(host);
  return family === 0 ? undefined : new FilterStateAddress({ kind: 'ip', host, port: 0, text: family === 6 ? `[${host}]:0` : `${host}:0` });
}

interface Entry {
  readonly key: string;
  readonly make: Factory;
  readonly format: SubstitutionFormat;
  readonly skipIfEmpty: boolean;
  readonly sharing: StateSharing;
}

/** Texts for the filter state of a stream or connection. */
export class FilterStateValues {
  readonly #entries: readonly Entry[];

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  applyTo(context: FormatContext): void {
    const { info } = context;
    const { stream } = info.connection;
    for (const { key, make, format, skipIfEmpty, sharing } of this.#entries) {
      // As Envoy: what a connection has cannot be set anew for one of its requests.
      if (stream !== info && stream?.filterState?.has(key) === true) continue;
      const text = format.format(context);
      const object = text === '' && skipIfEmpty ? undefined : make(unicodeText(text));
      if (object !== undefined) (info.filterState ??= new FilterState()).put(key, object, sharing);
    }
  }
}

export function compileFilterStateValues(messages: readonly FilterStateValue[], at: ConfigPath, context: CompileContext): FilterStateValues {
  const entries = messages.map((message, index) => compileEntry(message, at.index(index), context));
  return new FilterStateValues(entries.filter((entry) => entry !== undefined));
}

function compileEntry({ key, factoryKey, value, skipIfEmpty, sharedWithUpstream }: FilterStateValue, at: ConfigPath, context: CompileContext): Entry | undefined {
  const name = key.value ?? '';
  const factory = factoryKey === '' ? name : factoryKey;
  const make = FACTORIES.get(factory);
  if (make === undefined) context.error(at, `'${factory}' does not have an object factory: here those are ${[...FACTORIES.keys()].join(', ')}`);
  const format = value.value && compileSubstitutionFormat(value.value, at.field('format_string'), context);
  return format && make && { key: name, make, format, skipIfEmpty, sharing: sharingOf(sharedWithUpstream, factory) };
}

/** ONCE and TRANSITIVE differ in what an upstream connection passes on, where it ends in a listener of the same process. */
function sharingOf(shared: FilterStateValue_SharedWithUpstream, factory: string): StateSharing {
  if (shared === FilterStateValue_SharedWithUpstream.NONE) return 'none';
  return factory === HASHABLE ? 'hashed' : 'shared';
}
