import {
  HttpConnectionManager_ForwardClientCertDetails as Details,
  type HttpConnectionManager as ManagerMessage,
} from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { TlsInfo } from '../../../transport/transport-socket.ts';

/** Which parts of the client's certificate X-Forwarded-Client-Cert tells. */
export interface ForwardedParts {
  readonly cert: boolean;
  readonly chain: boolean;
  readonly subject: boolean;
  readonly issuer: boolean;
  readonly uri: boolean;
  readonly dns: boolean;
}

export interface ForwardedClientCert {
  readonly mode: 'sanitize' | 'forward' | 'append' | 'set';
  readonly parts: ForwardedParts;
}

const MODES: Readonly<Record<number, ForwardedClientCert['mode']>> = {
  [Details.SANITIZE]: 'sanitize',
  [Details.FORWARD_ONLY]: 'forward',
  [Details.APPEND_FORWARD]: 'append',
  [Details.SANITIZE_SET]: 'set',
};

/** Undefined: the header is always passed on as it is. */
export function compileForwardedClientCert({ forwardClientCertDetails, setCurrentClientCertDetails: set }: ManagerMessage): ForwardedClientCert | undefined {
  const mode = MODES[forwardClientCertDetails];
  if (mode === undefined) return undefined;
  const parts = {
    cert: set?.cert ?? false,
    chain: set?.chain ?? false,
    subject: set?.subject ?? false,
    issuer: set?.issuer ?? false,
    uri: set?.uri ?? false,
    dns: set?.dns ?? false,
  };
  return { mode, parts };
}

/** The header goes where the client has shown no certificate. */
export function mutateForwardedClientCert(headers: HeaderMap, tls: TlsInfo | undefined, { mode, parts }: ForwardedClientCert): void {
  const element = mode === 'sanitize' ? undefined : elementOf(tls, mode, parts);
  if (element === undefined) {
    headers.remove(H.xForwardedClientCert);
  } else if (mode === 'append') {
    const before = headers.getJoined(H.xForwardedClientCert);
    headers.set(H.xForwardedClientCert, before === undefined || before === '' ? element : `${before},${element}`);
  } else if (mode === 'set') {
    headers.set(H.xForwardedClientCert, element);
  }
}

/** Undefined on connections without a client's certificate; nobody reads it where the header is only passed on. */
function elementOf(tls: TlsInfo | undefined, mode: ForwardedClientCert['mode'], parts: ForwardedParts): string | undefined {
  const peer = tls?.peer();
  if (tls === undefined || peer === undefined) return undefined;
  if (mode === 'forward') return '';
  const pairs = (tls.local()?.alternatives('uri') ?? []).map((uri) => `By=${uri}`);
  pairs.push(`Hash=${peer.sha256}`);
  if (parts.cert) pairs.push(`Cert="${peer.pem}"`);
  if (parts.chain) pairs.push(`Chain="${tls.peerChain().map(({ pem }) => pem).join('')}"`);
  if (parts.subject) pairs.push(`Subject="${peer.subject}"`);
  if (parts.issuer) pairs.push(`Issuer="${peer.issuer}"`);
  if (parts.uri) {
    const uris = peer.alternatives('uri');
    if (uris.length === 0) pairs.push('URI=');
    for (const uri of uris) pairs.push(`URI=${uri}`);
  }
  if (parts.dns) for (const name of peer.alternatives('dns')) pairs.push(`DNS=${name}`);
  return pairs.join(';');
}
