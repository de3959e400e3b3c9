import type { FilterStateInput } from '../../../api/generated/envoy/extensions/matching/common_inputs/network/v3.ts';
import type { Category, Extension } from '../../../core/extension.ts';
import { wireText } from '../../../core/wire-text.ts';
import type { Address } from '../../../transport/transport.ts';
import type { CertificateInfo } from '../../../transport/transport-socket.ts';
import { isFilterStateObject, plainOf } from '../../filter-state.ts';
import { isSameIpOrLoopback } from '../../ip-prefix.ts';
import { type TextInput, UNDECIDED } from '../match-tree.ts';
import type { ConnectionMatchingData, NetworkMatchingData } from '../matching-data.ts';

const NETWORK = 'envoy.extensions.matching.common_inputs.network.v3';
const SSL = 'envoy.extensions.matching.common_inputs.ssl.v3';

type Read<Data> = (data: Data) => string | undefined | typeof UNDECIDED;

function input<Data>(category: Category, name: string, configType: string, compile: (config: never) => Read<Data>): Extension<never, TextInput<Data>> {
  return { name: `envoy.matching.inputs.${name}`, category, configType, compile: (config) => ({ kind: 'text', get: compile(config) }) };
}

/** For connections and requests alike. */
function inputs(name: string, configType: string, compile: (config: never) => Read<ConnectionMatchingData>): readonly Extension<never, TextInput<ConnectionMatchingData>>[] {
  return [input('envoy.matching.http.input', name, configType, compile), input('envoy.matching.network.input', name, configType, compile)];
}

function addressInputs(name: string, message: string, addressOf: (data: ConnectionMatchingData) => Address): readonly Extension<never, unknown>[] {
  return inputs(name, `${NETWORK}.${message}`, () => (data) => {
    const address = addressOf(data);
    return address.kind === 'ip' ? address.host : undefined;
  });
}

function portInputs(name: string, message: string, addressOf: (data: ConnectionMatchingData) => Address): readonly Extension<never, unknown>[] {
  return inputs(name, `${NETWORK}.${message}`, () => (data) => {
    const address = addressOf(data);
    return address.kind === 'ip' ? String(address.port) : undefined;
  });
}

/** Without TLS its inputs have nothing yet, with TLS and no certificate there is nothing. */
function certificateInputs(name: string, message: string, textOf: (peer: CertificateInfo) => string): readonly Extension<never, unknown>[] {
  return inputs(name, `${SSL}.${message}`, () => ({ tls }) => {
    if (tls === undefined) return UNDECIDED;
    const peer = tls.peer();
    const text = peer === undefined ? '' : textOf(peer);
    return text === '' ? undefined : text;
  });
}

const filterStateInputs = inputs('filter_state', `${NETWORK}.FilterStateInput`, (config) => {
  const { key, field } = config as FilterStateInput;
  return (data) => {
    const value = data.stateOf(key);
    const text = field !== '' && isFilterStateObject(value) && value.field !== undefined ? value.field(field) : plainOf(value);
    return text === undefined ? undefined : wireText(text);
  };
});

export const connectionInputExtensions: readonly Extension<never, unknown>[] = [
  ...addressInputs('destination_ip', 'DestinationIPInput', ({ localAddress }) => localAddress),
  ...portInputs('destination_port', 'DestinationPortInput', ({ localAddress }) => localAddress),
  ...addressInputs('source_ip', 'SourceIPInput', ({ remoteAddress }) => remoteAddress),
  ...portInputs('source_port', 'SourcePortInput', ({ remoteAddress }) => remoteAddress),
  ...addressInputs('direct_source_ip', 'DirectSourceIPInput', ({ directRemoteAddress }) => directRemoteAddress),
  ...inputs('source_type', `${NETWORK}.SourceTypeInput`, () => ({ remoteAddress, localAddress }) => (isSameIpOrLoopback(remoteAddress, localAddress) ? 'local' : undefined)),
  ...inputs('server_name', `${NETWORK}.ServerNameInput`, () => ({ requestedServerName }) => (requestedServerName === '' ? undefined : requestedServerName)),
  // Listeners open no sockets in other network namespaces.
  ...inputs('network_namespace', `${NETWORK}.NetworkNamespaceInput`, () => () => undefined),
  ...filterStateInputs,
  ...certificateInputs('uri_san', 'UriSanInput', (peer) => peer.alternatives('uri').join(',')),
  ...certificateInputs('dns_san', 'DnsSanInput', (peer) => peer.alternatives('dns').join(',')),
  ...certificateInputs('subject', 'SubjectInput', ({ subject }) => subject),
  input<NetworkMatchingData>('envoy.matching.network.input', 'transport_protocol', `${NETWORK}.TransportProtocolInput`, () => ({ transportProtocol }) => {
    return transportProtocol === '' ? undefined : transportProtocol;
  }),
  input<NetworkMatchingData>('envoy.matching.network.input', 'application_protocol', `${NETWORK}.ApplicationProtocolInput`, () => ({ applicationProtocols }) => {
    return applicationProtocols.length === 0 ? undefined : `'${applicationProtocols.join("','")}'`;
  }),
];
