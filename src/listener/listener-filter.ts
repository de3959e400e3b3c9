import type { FilterState } from '../http/filter-state.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import type { ProxyProtocolTlv } from '../transport/transport-socket.ts';
import type { Address, Connection } from '../transport/transport.ts';

/** An accepted connection before its filter chain is chosen: what listener filters find out about it. */
export interface AcceptedSocket {
  readonly connection: Connection;
  /** Changed when the socket's own are those of a proxy or of a redirection. */
  localAddress: Address;
  remoteAddress: Address;
  /** A filter has found where the client wanted to go. */
  localAddressRestored: boolean;
  /** `raw_buffer`, `tls`; '' while nobody has looked. */
  transportProtocol: string;
  /** In lower case. */
  requestedServerName: string;
  applicationProtocols: readonly string[];
  ja3: string;
  ja4: string;
  /** Why the peer's first bytes are no TLS (`%DOWNSTREAM_TRANSPORT_FAILURE_REASON%`); '' when nothing failed. */
  transportFailureReason: string;
  /** Dynamic metadata by namespace: plain JSON values. */
  metadata: Map<string, Record<string, unknown>> | undefined;
  filterState: FilterState | undefined;
  /** Of a PROXY header, as far as they are passed on; undefined while none was found. */
  proxyProtocolTlvs: readonly ProxyProtocolTlv[] | undefined;
  /** All of this as formats read it; made anew for each who asks. */
  describe(): StreamInfo;
}

/** More bytes are needed. */
export const WAIT = -1;
/** The connection is not served. */
export const CLOSE = -2;

/** A listener filter of one connection. */
export interface ListenerFilterReader {
  /**
   * `bytes[0, length)`: everything that was read and not taken away by a filter before, lent for the call; from call to call it grows at its end.
   * WAIT, CLOSE, or how many bytes at its front belong to this filter and are taken away: then it is done.
   */
  onData(bytes: Buffer, length: number): number;
  /** The time is over, or the peer has gone, before it was done. */
  onUnfinished?(reason: 'timeout' | 'closed'): void;
}

/** A compiled listener filter. */
export interface ListenerFilter {
  /** It does nothing but use what a filter before it has found: why it cannot be the first. */
  readonly usesAnother?: string;
  /** Undefined: it needs to read nothing. CLOSE: the connection is not served. */
  open(socket: AcceptedSocket): ListenerFilterReader | typeof CLOSE | undefined;
}
