import type { RateLimit_Action as ActionMessage, RateLimit_Action_MetaData as MetadataAction } from '../../api/generated/envoy/config/route/v3.ts';
import { RateLimit_Action_MetaData_Source as MetadataSource } from '../../api/generated/envoy/config/route/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import { ipAddressBytes, maskedAddressText } from '../format/address-mask.ts';
import { compileFormatBytes } from '../format/format.ts';
import { compileIpPrefixSet } from '../ip-prefix.ts';
import { headerField } from '../matcher/header-field.ts';
import { compileHeaderMatcher } from '../matcher/header-matcher.ts';
import { decodedQueryParameter } from '../matcher/query-parameters.ts';
import { compileStringMatcher } from '../matcher/string-matcher.ts';
import { valueAt } from '../metadata-path.ts';
import type { DescriptorEntry, RateLimitedRequest } from './descriptor.ts';

/** Adds its entry to a descriptor, or nothing. False: there is no descriptor. */
export type Action = (request: RateLimitedRequest, entries: DescriptorEntry[]) => boolean;

type Specifier = ActionMessage['actionSpecifier'];
type ValueOf<Case> = Extract<Specifier, { case: Case }>['value'];

/** Undefined after reporting what is wrong. */
export function compileAction({ actionSpecifier: action }: ActionMessage, at: ConfigPath, context: CompileContext): Action | undefined {
  switch (action.case) {
    case 'sourceCluster':
      return always('source_cluster', wireText(context.node.cluster));
    case 'destinationCluster':
      return ({ route, headers }, entries) => route !== undefined && add(entries, 'destination_cluster', route.clusterName(headers));
    case 'requestHeaders':
      return requestHeaders(action.value);
    case 'queryParameters':
      return queryParameters(action.value);
    case 'remoteAddress':
      return ({ info }, entries) => info.remoteAddress.kind === 'ip' && add(entries, 'remote_address', info.remoteAddress.host);
    case 'maskedRemoteAddress':
      return maskedRemoteAddress(action.value);
    case 'genericKey':
      return always(wireText(action.value.descriptorKey) || 'generic_key', wireText(action.value.descriptorValue));
    case 'headerValueMatch':
      return headerValueMatch(action.value, at.field('header_value_match'), context);
    case 'queryParameterValueMatch':
      return queryParameterValueMatch(action.value, at.field('query_parameter_value_match'), context);
    case 'remoteAddressMatch':
      return remoteAddressMatch(action.value, at.field('remote_address_match'), context);
    case 'metadata':
      return metadata(action.value);
    case 'extension':
      return extension(action.value, at.field('extension'), context);
    default:
      context.error(at, 'not supported: an action of this kind');
      return undefined;
  }
}

function extension({ name, typedConfig }: ValueOf<'extension'>, at: ConfigPath, context: CompileContext): Action | undefined {
  const resolved = context.resolve('envoy.rate_limit_descriptors', name, typedConfig, at, false);
  return resolved && (resolved.extension.compile(resolved.config, at.field('typed_config'), context) as Action | undefined);
}

function add(entries: DescriptorEntry[], key: string, value: string): true {
  entries.push({ key, value });
  return true;
}

function always(key: string, value: string): Action {
  return (_request, entries) => add(entries, key, value);
}

function requestHeaders({ headerName, descriptorKey, skipIfAbsent }: ValueOf<'requestHeaders'>): Action {
  const field = headerField(headerName);
  const key = wireText(descriptorKey);
  return ({ headers }, entries) => {
    const value = field.first(headers);
    return value === undefined ? skipIfAbsent : add(entries, key, value);
  };
}

function queryParameters({ queryParameterName, descriptorKey, skipIfAbsent }: ValueOf<'queryParameters'>): Action {
  const name = wireText(queryParameterName);
  const key = wireText(descriptorKey);
  return ({ headers }, entries) => {
    const value = decodedQueryParameter(headers.path, name);
    return value === undefined ? skipIfAbsent : add(entries, key, value);
  };
}

function maskedRemoteAddress({ v4PrefixMaskLen: v4Bits = 32, v6PrefixMaskLen: v6Bits = 128 }: ValueOf<'maskedRemoteAddress'>): Action {
  return ({ info }, entries) => {
    const bytes = info.remoteAddress.kind === 'ip' ? ipAddressBytes(info.remoteAddress.host) : undefined;
    return bytes !== undefined && add(entries, 'masked_remote_address', maskedAddressText(bytes, bytes.length === 4 ? v4Bits : v6Bits));
  };
}

function headerValueMatch(message: ValueOf<'headerValueMatch'>, at: ConfigPath, context: CompileContext): Action {
  const matchers = message.headers.map((header, index) => compileHeaderMatcher(header, at.field('headers').index(index), context));
  const expected = message.expectMatch ?? true;
  const key = wireText(message.descriptorKey) || 'header_match';
  const value = wireText(message.descriptorValue);
  return ({ headers }, entries) => matchers.every((matcher) => matcher?.matches(headers) === true) === expected && add(entries, key, value);
}

function queryParameterValueMatch(message: ValueOf<'queryParameterValueMatch'>, at: ConfigPath, context: CompileContext): Action {
  const matchers = message.queryParameters.map(({ name, queryParameterMatchSpecifier: specifier }, index) => {
    const matcherAt = at.field('query_parameters').index(index).field('string_match');
    const text = specifier.case === 'stringMatch' ? compileStringMatcher(specifier.value, matcherAt, context) : undefined;
    const present = specifier.case !== 'presentMatch' || specifier.value;
    return { name: wireText(name), holds: (value: string | undefined) => (text === undefined ? (value !== undefined) === present : value !== undefined && text.matches(value)) };
  });
  const expected = message.expectMatch ?? true;
  const key = wireText(message.descriptorKey) || 'query_match';
  const value = wireText(message.descriptorValue);
  return ({ headers: { path } }, entries) =>
    matchers.every(({ name, holds }) => holds(decodedQueryParameter(path, name))) === expected && add(entries, key, value);
}

/** The one action whose value may be a format. */
function remoteAddressMatch(message: ValueOf<'remoteAddressMatch'>, at: ConfigPath, context: CompileContext): Action | undefined {
  const { ranges = [], invertMatch = false } = message.addressMatcher ?? {};
  const known = compileIpPrefixSet(ranges, at.field('address_matcher').field('ranges'), context);
  const key = wireText(message.descriptorKey) || 'remote_address_match';
  const format = compileFormatBytes(wireText(message.descriptorValue), at.field('descriptor_value'), context);
  const otherwise = wireText(message.defaultValue);
  return format && (({ info, headers }, entries) => {
    if (known.has(info.remoteAddress) === invertMatch) return false;
    const value = format.format({ info, requestHeaders: headers, responseHeaders: undefined }) || otherwise;
    return value !== '' && add(entries, key, value);
  });
}

function metadata({ descriptorKey, metadataKey, defaultValue, source, skipIfAbsent }: MetadataAction): Action {
  const key = wireText(descriptorKey);
  const otherwise = wireText(defaultValue);
  const path = metadataKey?.path.map(({ segment }) => segment.value ?? '') ?? [];
  const namespace = metadataKey?.key ?? '';
  return ({ info, route }, entries) => {
    const value = valueAt(source === MetadataSource.ROUTE_ENTRY ? route?.metadata?.[namespace] : info.metadata?.get(namespace), path);
    const text = typeof value === 'string' && value !== '' ? wireText(value) : otherwise;
    return text === '' ? skipIfAbsent : add(entries, key, text);
  };
}
