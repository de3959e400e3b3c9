import { ProxyProtocolConfig_Version as Version, ProxyProtocolPassThroughTLVs_PassTLVsMatchType as PassType, type ProxyProtocolConfig } from '../../../api/generated/envoy/config/core/v3.ts';
import type { ProxyProtocolUpstreamTransport } from '../../../api/generated/envoy/extensions/transport_sockets/proxy_protocol/v3.ts';
import { CLUSTER } from '../../../cluster/cluster-facts.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { fittingTlvs, LOCAL_HEADER, proxyProtocolHeader } from '../../../http/proxy-protocol.ts';
import type { DownstreamAddresses, ProxyProtocolTlv, UpstreamSocketOptions, UpstreamTransportSocket } from '../../../transport/transport-socket.ts';
import type { Address, ConnectingOwner, Connection, Preamble, Transport } from '../../../transport/transport.ts';

const STATS = defineStats({ counters: ['v2_tlvs_exceed_max_length'] });

export const upstreamProxyProtocolExtension: Extension<ProxyProtocolUpstreamTransport, UpstreamTransportSocket | undefined> = {
  name: 'envoy.transport_sockets.upstream_proxy_protocol',
  category: 'envoy.transport_sockets.upstream',
  configType: 'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport',
  compile(message, at, context) {
    const inner = message.transportSocket;
    const any = inner?.configType.case === 'typedConfig' ? inner.configType.value : undefined;
    const innerAt = at.field('transport_socket');
    const resolved = context.resolve('envoy.transport_sockets.upstream', inner?.name ?? '', any, innerAt, false);
    if (resolved === undefined) return undefined;
    const socket = resolved.extension.compile(resolved.config, innerAt.field('typed_config'), context) as UpstreamTransportSocket | undefined;
    return new UpstreamProxyProtocol(socket, compileSettings(message, at, context));
  },
};

interface Settings {
  readonly version: 'v1' | 'v2';
  readonly passesOn: (type: number) => boolean;
  readonly added: readonly ProxyProtocolTlv[];
  readonly stats: StatGroup;
}

function compileSettings({ config }: ProxyProtocolUpstreamTransport, at: ConfigPath, context: CompileContext): Settings {
  const passed = config?.passThroughTlvs;
  const passedTypes = new Set(passed?.tlvType);
  return {
    version: config?.version === Version.V2 ? 'v2' : 'v1',
    passesOn: passed?.matchType === PassType.INCLUDE_ALL ? () => true : (type) => passedTypes.has(type),
    added: firstOfEachType(addedTlvs(config, at.field('config').field('added_tlvs'), context)),
    stats: context.stats.group(`${context.service(CLUSTER).statScope}.upstream.proxyprotocol`, STATS),
  };
}

function addedTlvs(config: ProxyProtocolConfig | undefined, at: ConfigPath, context: CompileContext): readonly ProxyProtocolTlv[] {
  return (config?.addedTlvs ?? []).map(({ type, value, formatString }, index) => {
    if (formatString !== undefined) context.error(at.index(index).field('format_string'), 'not supported: the values of a transport socket are fixed; tcp_proxy has proxy_protocol_tlvs');
    return { type, value: Buffer.from(value) };
  });
}

function firstOfEachType(tlvs: readonly ProxyProtocolTlv[]): readonly ProxyProtocolTlv[] {
  return tlvs.filter(({ type }, index) => tlvs.findIndex((each) => each.type === type) === index);
}

/** Connections begin with a PROXY header that names the client; then the inner socket starts. */
class UpstreamProxyProtocol implements UpstreamTransportSocket {
  /** Undefined: a plain socket. */
  readonly #inner: UpstreamTransportSocket | undefined;
  readonly #settings: Settings;

  constructor(inner: UpstreamTransportSocket | undefined, settings: Settings) {
    this.#inner = inner;
    this.#settings = settings;
  }

  /** As Envoy, clients of one address share connections whatever TLVs they send. */
  poolKey({ remote, local }: DownstreamAddresses): string {
    return `${remote.text} ${local.text}`;
  }

  connect(transport: Transport, address: Address, options: UpstreamSocketOptions, owner: ConnectingOwner): Connection {
    const header = this.#header(address, options.downstream);
    if (this.#inner === undefined && Buffer.isBuffer(header)) {
      const connection = transport.connect(address, options.connect, owner);
      connection.writeBytes(header);
      return connection;
    }
    const connect = { ...options.connect, preamble: joined(options.connect.preamble, header) };
    return this.#inner === undefined ? transport.connect(address, connect, owner) : this.#inner.connect(transport, address, { ...options, connect }, owner);
  }

  /** Version 1 cannot say that nobody is told of: then it names the connection's own addresses. */
  #header(address: Address, downstream: DownstreamAddresses | undefined): Preamble {
    const { version, stats } = this.#settings;
    if (downstream === undefined) return version === 'v1' ? (own) => proxyProtocolHeader('v1', own, address) : LOCAL_HEADER;
    const { remote, local } = downstream;
    if (version === 'v1') return proxyProtocolHeader('v1', remote, local);
    const tlvs = this.#tlvsOf(downstream);
    const fitting = fittingTlvs(tlvs);
    if (fitting !== tlvs) stats.inc(STATS.v2_tlvs_exceed_max_length);
    return proxyProtocolHeader('v2', remote, local, fitting);
  }

  /** What is added stands before, and instead of, what the client has sent. */
  #tlvsOf({ tlvs }: DownstreamAddresses): readonly ProxyProtocolTlv[] {
    const { passesOn, added } = this.#settings;
    return [...added, ...tlvs.filter(({ type }) => passesOn(type) && !added.some((each) => each.type === type))];
  }
}

function joined(first: Preamble | undefined, second: Preamble): Preamble {
  if (first === undefined) return second;
  const bytes = (each: Preamble, local: Address): Buffer => (Buffer.isBuffer(each) ? each : each(local));
  return (local) => Buffer.concat([bytes(first, local), bytes(second, local)]);
}
