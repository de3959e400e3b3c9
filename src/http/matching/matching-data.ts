import type { Address } from '../../transport/transport.ts';
import type { TlsInfo } from '../../transport/transport-socket.ts';
import type { HeaderMap } from '../header-map.ts';
import type { StreamInfo } from '../stream-info.ts';

/** What inputs that serve connections and requests alike read. */
export interface ConnectionMatchingData {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly directRemoteAddress: Address;
  /** '' when the client named none. */
  readonly requestedServerName: string;
  /** Undefined without TLS, and while there is no handshake. */
  readonly tls: TlsInfo | undefined;
  /** Of the filter state. */
  stateOf(key: string): unknown;
}

/** `envoy.matching.network.input`: an accepted connection whose filter chain is looked for. */
export interface NetworkMatchingData extends ConnectionMatchingData {
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
}

/** `envoy.matching.http.input`: a stream, with the parts of its messages that are known. */
export class HttpMatchingData implements ConnectionMatchingData {
  readonly info: StreamInfo;
  readonly requestHeaders: HeaderMap | undefined;
  readonly remoteAddress: Address;
  requestTrailers: HeaderMap | undefined = undefined;
  responseHeaders: HeaderMap | undefined = undefined;
  responseTrailers: HeaderMap | undefined = undefined;

  /** `remoteAddress`: the trusted client's, unless that is not known yet. */
  constructor(info: StreamInfo, requestHeaders: HeaderMap | undefined, remoteAddress = info.remoteAddress) {
    this.info = info;
    this.requestHeaders = requestHeaders;
    this.remoteAddress = remoteAddress;
  }

  get localAddress(): Address {
    return this.info.connection.localAddress;
  }

  get directRemoteAddress(): Address {
    return this.info.connection.directRemoteAddress;
  }

  get requestedServerName(): string {
    return this.info.connection.requestedServerName;
  }

  get tls(): TlsInfo | undefined {
    return this.info.connection.tls;
  }

  stateOf(key: string): unknown {
    return this.info.stateOf(key);
  }
}
