import { describe, expect, test } from 'vitest';
import { ProxyProtocolConfig_Version as Version } from '../../../src/api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../../src/core/extension.ts';
import { type Logger, silentLogger } from '../../../src/core/log.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';
import { proxyProtocolExtension } from '../../../src/filters/listener/proxy-protocol/extension.ts';
import { httpInspectorExtension, MAX_LINE_BYTES } from '../../../src/filters/listener/http-inspector/extension.ts';
import { tlsInspectorExtension } from '../../../src/filters/listener/tls-inspector/extension.ts';
import { type AcceptedSocket, CLOSE, type ListenerFilter, type ListenerFilterReader, WAIT } from '../../../src/listener/listener-filter.ts';
import { ipAddress } from '../../../src/transport/address.ts';

const REMOTE = ipAddress('10.0.0.1', 1000);
const lines: string[] = [];
const log: Logger = { ...silentLogger, enabled: () => true, debug: (line) => lines.push(line), component: () => log };
const context = { log, stats: new SharedStatStore({ onAnnounce() {} }) } as unknown as CompileContext;

const proxyProtocolWithout = (disallowedVersions: readonly Version[]): ListenerFilter =>
  proxyProtocolExtension.compile({ statPrefix: '', rules: [], allowRequestsWithoutProxyProtocol: false, disallowedVersions } as never, ConfigPath.root, context);
const proxyProtocol = proxyProtocolWithout([]);
const httpInspector = httpInspectorExtension.compile({} as never, ConfigPath.root, context);
const tlsInspector = tlsInspectorExtension.compile({ maxClientHelloSize: 64, closeConnectionOnClientHelloParsingErrors: true } as never, ConfigPath.root, context);

function read(filter: ListenerFilter, bytes: string): number {
  const socket = { connection: { remote: REMOTE }, localAddress: REMOTE, remoteAddress: REMOTE } as unknown as AcceptedSocket;
  const buffer = Buffer.from(bytes, 'latin1');
  return (filter.open(socket) as ListenerFilterReader).onData(buffer, buffer.length);
}

const V2 = '\r\n\r\n\0\r\nQUIT\n';

describe('a listener filter that refuses a connection says in the log whose and why', () => {
  test.each([
    ['garbage', proxyProtocol, '\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08', 'there is none'],
    ['a port that is none', proxyProtocol, 'PROXY TCP4 1.2.3.4 5.6.7.8 1000 70000\r\n', 'malformed address'],
    ['a length that lies', proxyProtocol, `${V2}\x21\x11\0\x04abcd`, 'the length is too small for the addresses'],
    ['TLVs that lie', proxyProtocol, `${V2}\x21\x11\0\x10abcdefghijkl\x01\xff\xff\0`, 'the TLVs do not fill their length'],
    ['another version', proxyProtocol, `${V2}\x31\x11\0\x0cabcdefghijkl`, 'unsupported version'],
    ['a version that is not allowed', proxyProtocolWithout([Version.V1]), 'PROXY TCP4 1.2.3.4 5.6.7.8 1000 443\r\n', 'version 1 is not allowed'],
    ['a first line without an end', httpInspector, `GET /${'a'.repeat(MAX_LINE_BYTES)}`, 'does not end within 65536 bytes'],
    ['a large ClientHello', tlsInspector, `\x16\x03\x01\x01\0\x01\0\0\xfc${'a'.repeat(100)}`, 'is larger than max_client_hello_size'],
    ['a ClientHello whose lengths lie', tlsInspector, `\x16\x03\x01\0\x0c\x01\0\0\x08\x03\x03${'\xff'.repeat(6)}`, 'cannot be read'],
  ])('%s', (_what, filter, bytes, reason) => {
    lines.length = 0;
    expect(read(filter, bytes)).toBe(CLOSE);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(REMOTE.text);
    expect(lines[0]).toContain(reason);
  });

  test('and waits in silence for the rest of what may be good', () => {
    lines.length = 0;
    for (const bytes of ['P', 'PROXY TCP4 1.2', V2, `${V2}\x21\x11\0\x0cabc`]) expect(read(proxyProtocol, bytes)).toBe(WAIT);
    for (const bytes of ['\x16', '\x16\x03\x01\0\x20\x01']) expect(read(tlsInspector, bytes)).toBe(WAIT);
    expect(lines).toEqual([]);
  });
});
