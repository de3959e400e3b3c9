import type { FilterStateValue } from '../api/generated/envoy/extensions/filters/common/set_filter_state/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { unicodeText } from '../core/wire-text.ts';
import type { FormatContext } from './format/operator.ts';
import { compileSubstitutionFormat, type SubstitutionFormat } from './format/substitution-format.ts';

/** What makes an object of a text. Each of these keeps it as it is; the last is where the TCP proxy looks for its cluster. */
const FACTORIES: ReadonlySet<string> = new Set(['envoy.string', 'envoy.hashable_string', 'envoy.tcp_proxy.cluster']);

interface Entry {
  readonly key: string;
  readonly format: SubstitutionFormat;
  readonly skipIfEmpty: boolean;
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
    for (const { key, format, skipIfEmpty } of this.#entries) {
      const value = format.format(context);
      if (value !== '' || !skipIfEmpty) (info.filterState ??= new Map()).set(key, unicodeText(value));
    }
  }
}

export function compileFilterStateValues(messages: readonly FilterStateValue[], at: ConfigPath, context: CompileContext): FilterStateValues {
  const entries = messages.map((message, index) => compileEntry(message, at.index(index), context));
  return new FilterStateValues(entries.filter((entry) => entry !== undefined));
}

function compileEntry({ key, factoryKey, value, skipIfEmpty }: FilterStateValue, at: ConfigPath, context: CompileContext): Entry | undefined {
  const name = key.value ?? '';
  const factory = factoryKey === '' ? name : factoryKey;
  if (!FACTORIES.has(factory)) context.error(at, `'${factory}' does not have an object factory: here those are ${[...FACTORIES].join(', ')}`);
  const format = value.value && compileSubstitutionFormat(value.value, at.field('format_string'), context);
  return format && { key: name, format, skipIfEmpty };
}
