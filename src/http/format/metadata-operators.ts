import { unicodeText, wireText } from '../../core/wire-text.ts';
import { isFilterStateObject, jsonFields } from '../filter-state.ts';
import { valueAt } from '../metadata-path.ts';
import type { StreamInfo } from '../stream-info.ts';
import { jsonOfValue, jsonText } from './json-text.ts';
import { type FormatContext, type Operator, type OperatorArguments, type OperatorCompiler, withoutLength, withParams } from './operator.ts';

type Namespaces = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown> | undefined;
type StateObjectOf = (info: StreamInfo, key: string) => unknown;
type MetadataOf = (context: FormatContext) => Namespaces;

const SOURCES: Readonly<Record<string, MetadataOf>> = {
  DYNAMIC: ({ info }) => info.metadata,
  ROUTE: ({ info }) => info.route?.metadata,
  CLUSTER: ({ info }) => info.upstreamCluster?.metadata,
  UPSTREAM_HOST: ({ info }) => info.upstreamHost?.metadata,
  LISTENER: ({ info }) => info.connection.listenerMetadata,
  LISTENER_FILTER_CHAIN: ({ info }) => info.connection.filterChainMetadata,
  VIRTUAL_HOST: ({ info }) => info.virtualHost?.metadata,
};

export const METADATA_OPERATORS: Readonly<Record<string, OperatorCompiler>> = {
  METADATA: ({ params, length }) => {
    const [type = '', ...path] = params.split(':');
    return Object.hasOwn(SOURCES, type) ? metadataOperator(SOURCES[type]!, path, length) : `${type} is not supported type of metadata`;
  },
  DYNAMIC_METADATA: withParams(({ params, length }) => metadataOperator(SOURCES['DYNAMIC']!, params.split(':'), length)),
  CLUSTER_METADATA: withParams(withoutLength(({ params, length }) => metadataOperator(SOURCES['CLUSTER']!, params.split(':'), length))),
  UPSTREAM_METADATA: withParams(withoutLength(({ params, length }) => metadataOperator(SOURCES['UPSTREAM_HOST']!, params.split(':'), length))),
  FILTER_STATE: filterStateOperator((info, key) => info.stateOf(key)),
  UPSTREAM_FILTER_STATE: filterStateOperator((info, key) => info.upstreamFilterState?.get(key)),
};

function metadataOperator(source: MetadataOf, path: readonly string[], length: number): Operator {
  const [namespace = '', ...keys] = path.map(unicodeText);
  return valueOperator((context) => {
    const namespaces = source(context);
    return valueAt(namespaces instanceof Map ? namespaces.get(namespace) : valueAt(namespaces, [namespace]), keys) ?? undefined;
  }, length);
}

/** Strings as they are, all else as JSON. A length cuts the text, and strings only in JSON. */
function valueOperator(read: (context: FormatContext) => unknown, length: number): Operator {
  const cut = (text: string): string => (text.length > length ? text.substring(0, length) : text);
  return {
    text: (context) => {
      const value = read(context);
      return value === undefined ? undefined : cut(typeof value === 'string' ? wireText(value) : jsonOfValue(value));
    },
    json: (context) => {
      const value = read(context);
      if (value === undefined) return undefined;
      return typeof value === 'string' ? `"${jsonText(cut(wireText(value)))}"` : jsonOfValue(value);
    },
  };
}

/** As the JSON of protobuf messages is written. */
function forHtml(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
}

function filterStateOperator(objectOf: StateObjectOf): OperatorCompiler {
  return (args) => compileFilterState(args, objectOf);
}

/** `%FILTER_STATE(KEY:PLAIN|TYPED|FIELD:NAME):Z%`; TYPED, the default, is the object as JSON. */
function compileFilterState({ params, length }: OperatorArguments, objectOf: StateObjectOf): Operator | string {
  const [key = '', type = 'TYPED', field = ''] = params.split(':');
  if (key === '') return 'Invalid filter state configuration, key cannot be empty.';
  if (!['PLAIN', 'TYPED', 'FIELD'].includes(type)) return 'Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.';
  if ((type === 'FIELD') !== (field !== '')) return 'Invalid filter state serialize type, FIELD should be used with the field name.';
  const read = ({ info }: FormatContext): unknown => objectOf(info, unicodeText(key)) ?? undefined;
  if (type === 'PLAIN') return valueOperator((context) => plainOf(read(context)), length);
  if (type === 'FIELD') return valueOperator((context) => fieldOf(read(context), field), length);
  return {
    text: (context) => {
      const value = read(context);
      const typed = isFilterStateObject(value) ? jsonFields(value) : value;
      return typed === undefined ? undefined : forHtml(jsonOfValue(typed)).substring(0, length);
    },
    json: (context) => {
      const value = read(context);
      const typed = isFilterStateObject(value) ? value.fields : value;
      return typed === undefined ? undefined : jsonOfValue(typed);
    },
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return isFilterStateObject(value) ? value.field?.(name) : undefined;
}

function plainOf(value: unknown): unknown {
  return isFilterStateObject(value) ? value.plain : value;
}
