import { describe, expect, it } from 'vitest';
import type { ForwardedClientCert } from '../../../../src/filters/network/http-connection-manager/forwarded-client-cert.ts';
import { mutateForwardedClientCert } from '../../../../src/filters/network/http-connection-manager/forwarded-client-cert.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { H } from '../../../../src/http/header-name.ts';
import type { StreamInfo } from '../../../../src/http/stream-info.ts';

const SPLIT = 'spiffe://a/b\r\n\r\nGET /admin HTTP/1.1\r\nhost: a\0';
const PEER = { sha256: 'ab', subject: 'CN=a', issuer: 'CN=b', pem: '', alternatives: (kind: string) => (kind === 'uri' || kind === 'dns' ? [SPLIT] : []) };
const INFO = { connection: { tls: { peer: () => PEER, local: () => undefined, peerChain: () => [] } } } as unknown as StreamInfo;

function forwarded(isJson: boolean): string {
  const parts = { cert: false, chain: false, subject: true, issuer: true, uri: true, dns: true };
  const rules: ForwardedClientCert = { matcher: undefined, otherwise: { mode: 'set', parts, isJson } };
  const headers = new HeaderMap();
  mutateForwardedClientCert(headers, INFO, rules);
  return headers.get(H.xForwardedClientCert)!;
}

describe('X-Forwarded-Client-Cert', () => {
  it('is one line, whatever a client has written into the names of its certificate', () => {
    expect(forwarded(false)).toBe('Hash=ab;Subject="CN=a";URI=spiffe://a/b    GET /admin HTTP/1.1  host: a ;DNS=spiffe://a/b    GET /admin HTTP/1.1  host: a ;Issuer="CN=b"');
    expect(forwarded(true)).not.toMatch(/[\0-\x1f\x7f]/);
  });
});
