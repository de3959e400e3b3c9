import { isUtf8 } from 'node:buffer';
import { ProxyProtocolConfig_Version as Version, ProxyProtocolPassThroughTLVs_PassTLVsMatchType as PassType } from '../../../api/generated/envoy/config/core/v3.ts';
import {
  type ProxyProtocol,
  type ProxyProtocol_KeyValuePair as KeyValuePair,
  ProxyProtocol_KeyValuePair_ValueStringEncoding as ValueEncoding,
  ProxyProtocol_TlvLocation as TlvLocation,
} from '../../../api/generated/envoy/extensions/filters/listener/proxy_protocol/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { Logger } from '../../../core/log.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { FilterState, FilterStateTexts } from '../../../http/filter-state.ts';
import { type AcceptedSocket, CLOSE, type ListenerFilter, type ListenerFilterReader, WAIT } from '../../../listener/listener-filter.ts';
import type { ProxyProtocolTlv } from '../../../transport/transport-socket.ts';
import { ABSENT, PARTIAL, type ProxyHeader, type ProxyHeaderFault, type ProxyHeaderRules, readProxyHeader } from './header.ts';

const STATS = defineStats({ counters: ['not_found_allowed', 'not_found_disallowed'] });
const VERSION_STATS = defineStats({ counters: ['disallowed', 'error', 'found'] });

const ERROR_STATS = defineStats({ counters: ['downstream_cx_proxy_proto_error'] });

const DEFAULT_NAMESPACE = 'envoy.filters.listener.proxy_protocol';
/** With `tlv_location: FILTER_STATE` all of them stand in one object. */
const TLV_STATE = 'envoy.network.proxy_protocol.tlv';

/** Where the value of a TLV is kept, and how it is written. */
interface TlvRule {
  readonly namespace: string;
  readonly key: string;
  text(value: Buffer): string;
}

interface ProxyProtocolSettings {
  readonly log: Logger;
  readonly stats: StatGroup;
  readonly errors: StatGroup;
  readonly versions: { readonly 1: StatGroup; readonly 2: StatGroup };
  readonly taken: ProxyHeaderRules;
  /** By the type of the TLV. */
  readonly rules: ReadonlyMap<number, TlvRule>;
  readonly keepsInFilterState: boolean;
  readonly passesOn: (type: number) => boolean;
}

export const proxyProtocolExtension: Extension<ProxyProtocol, ListenerFilter> = {
  name: 'envoy.filters.listener.proxy_protocol',
  category: 'envoy.filters.listener',
  configType: 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  compile(message, _at, context) {
    const settings = compileSettings(message, context);
    return { open: (socket) => new HeaderReader(settings, socket) };
  },
};

function compileSettings(message: ProxyProtocol, { stats, log }: CompileContext): ProxyProtocolSettings {
  const scope = message.statPrefix === '' ? 'proxy_proto' : `proxy_proto.${message.statPrefix}`;
  const passed = message.passThroughTlvs;
  const passedTypes = new Set(passed?.tlvType);
  const passesAll = passed?.matchType === PassType.INCLUDE_ALL;
  return {
    log: log.component('filter'),
    stats: stats.group(scope, STATS),
    errors: stats.group('', ERROR_STATS),
    versions: { 1: stats.group(`${scope}.versions.v1`, VERSION_STATS), 2: stats.group(`${scope}.versions.v2`, VERSION_STATS) },
    taken: {
      allowsAbsence: message.allowRequestsWithoutProxyProtocol,
      disallowed: new Set(message.disallowedVersions.map((version) => (version === Version.V1 ? 1 : 2))),
    },
    rules: new Map(message.rules.map(({ tlvType, onTlvPresent }) => [tlvType, compileRule(onTlvPresent)])),
    keepsInFilterState: message.tlvLocation === TlvLocation.FILTER_STATE,
    passesOn: passed === undefined ? () => false : (type) => passesAll || passedTypes.has(type),
  };
}

function compileRule(target: KeyValuePair | undefined): TlvRule {
  const namespace = target?.metadataNamespace ?? '';
  const isBase64 = target?.valueStringEncoding === ValueEncoding.BASE64;
  return { namespace: namespace === '' ? DEFAULT_NAMESPACE : namespace, key: target?.key ?? '', text: isBase64 ? (value) => value.toString('base64') : printable };
}

class HeaderReader implements ListenerFilterReader {
  readonly #settings: ProxyProtocolSettings;
  readonly #socket: AcceptedSocket;

  constructor(settings: ProxyProtocolSettings, socket: AcceptedSocket) {
    this.#settings = settings;
    this.#socket = socket;
  }

  onData(bytes: Buffer, length: number): number {
    const { stats, versions, taken } = this.#settings;
    const header = readProxyHeader(bytes, length, taken);
    if (header === PARTIAL) return WAIT;
    if (header === ABSENT) {
      stats.inc(STATS.not_found_allowed);
      return 0;
    }
    if ('reason' in header) return this.#refuse(header);
    versions[header.version].inc(VERSION_STATS.found);
    this.#apply(header);
    return header.length;
  }

  #refuse({ version, reason, isDisallowed }: ProxyHeaderFault): typeof CLOSE {
    const { log, stats, versions, errors } = this.#settings;
    if (log.enabled('debug')) log.debug(`proxy_protocol: header of ${this.#socket.connection.remote.text}: ${reason}`);
    if (version === undefined) stats.inc(STATS.not_found_disallowed);
    else if (isDisallowed) {
      versions[version].inc(VERSION_STATS.found);
      versions[version].inc(VERSION_STATS.disallowed);
    } else versions[version].inc(VERSION_STATS.error);
    if (!isDisallowed) errors.inc(ERROR_STATS.downstream_cx_proxy_proto_error);
    return CLOSE;
  }

  #apply({ addresses, tlvs }: ProxyHeader): void {
    const socket = this.#socket;
    if (addresses !== undefined) {
      const { source, destination } = addresses;
      if (destination.text !== socket.localAddress.text) {
        socket.localAddress = destination;
        socket.localAddressRestored = true;
      }
      socket.remoteAddress = source;
    }
    socket.proxyProtocolTlvs = tlvs.filter(({ type }) => this.#settings.passesOn(type));
    for (const tlv of tlvs) this.#keep(tlv);
  }

  #keep({ type, value }: ProxyProtocolTlv): void {
    const rule = this.#settings.rules.get(type);
    if (rule === undefined) return;
    if (this.#settings.keepsInFilterState) keepInFilterState(this.#socket, rule, value);
    else keepInMetadata(this.#socket, rule, value);
  }
}

/** Of several values for a key the first counts. */
function keepInMetadata(socket: AcceptedSocket, { namespace, key, text }: TlvRule, value: Buffer): void {
  const metadata = (socket.metadata ??= new Map());
  metadata.set(namespace, { [key]: text(value), ...metadata.get(namespace) });
}

/** Of several values for a key the last counts. */
function keepInFilterState(socket: AcceptedSocket, { key, text }: TlvRule, value: Buffer): void {
  const state = (socket.filterState ??= new FilterState());
  const before = state.get(TLV_STATE);
  const texts = before instanceof FilterStateTexts ? before : new FilterStateTexts();
  texts.set(key, text(value));
  state.set(TLV_STATE, texts);
}

/** Bytes that are not part of any UTF-8 become `!`, as Envoy has it. */
function printable(value: Buffer): string {
  if (isUtf8(value)) return value.toString('utf8');
  let text = '';
  for (let at = 0; at < value.length; ) {
    const length = [1, 2, 3, 4].find((each) => at + each <= value.length && isUtf8(value.subarray(at, at + each)));
    text += length === undefined ? '!' : value.toString('utf8', at, at + length);
    at += length ?? 1;
  }
  return text;
}
