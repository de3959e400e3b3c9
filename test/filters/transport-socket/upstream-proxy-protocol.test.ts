import { describe, expect, it } from 'vitest';
import type { ProxyProtocolUpstreamTransport } from '../../../src/api/generated/envoy/extensions/transport_sockets/proxy_protocol/v3.ts';
import type { UpstreamCluster } from '../../../src/cluster/cluster.ts';
import type { CompileContext } from '../../../src/core/extension.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { upstreamProxyProtocolExtension } from '../../../src/filters/transport-socket/upstream-proxy-protocol/extension.ts';
import { ipAddress } from '../../../src/transport/address.ts';
import type { ProxyProtocolTlv, UpstreamTransportSocket } from '../../../src/transport/transport-socket.ts';
import type { Address } from '../../../src/transport/transport.ts';
import { specOf, staticYaml } from '../../cluster/compile-yaml.ts';
import { RecordedRequest } from '../../cluster/recorded-request.ts';
import { World } from '../../cluster/world.ts';

interface Config {
  readonly version?: 0 | 1;
  readonly addedTlvs?: readonly { readonly type: number; readonly value: Buffer }[];
  readonly passThroughTlvs?: { readonly matchType: 0 | 1; readonly tlvType: readonly number[] };
}

/** A world with the cluster `web`, whose connections tell of their clients. */
function serve(config: Config = {}, inner?: UpstreamTransportSocket): { world: World; cluster: UpstreamCluster } {
  const message = { config: { version: 0, addedTlvs: [], ...config }, transportSocket: { name: 'inner', configType: { case: undefined } }} as unknown as ProxyProtocolUpstreamTransport;
  const create = (): UpstreamTransportSocket | undefined => {
    const resolve = () => ({ extension: { compile: () => inner }, config: {} });
    return upstreamProxyProtocolExtension.compile(message, ConfigPath.root, { resolve, stats: world.stats, service: () => ({ statScope: 'cluster.web' }) } as unknown as CompileContext);
  };
  const world: World = new World({ upstreamSockets: { create } });
  const transportSocket = { name: 'proxy', typeUrl: '', value: '', tellsDownstream: true };
  world.manager.update([{ ...specOf(staticYaml('web', ['10.0.0.9:80'])), transportSocket }]);
  return { world, cluster: world.manager.get('web')! };
}

function clientOf(port: number, proxyProtocolTlvs: readonly ProxyProtocolTlv[] = [], hiddenFromUpstreams = false): RecordedRequest {
  const connection = { hiddenFromUpstreams, remoteAddress: ipAddress('10.0.0.1', port), localAddress: ipAddress('10.0.0.2', 80), proxyProtocolTlvs };
  return Object.assign(new RecordedRequest(), { downstream: { protocol: 'HTTP/1.1', connection } });
}

const tlv = (type: number, text: string): ProxyProtocolTlv => ({ type, value: Buffer.from(text) });

/** The TLVs of the header that the connection has begun with, as text. */
function tlvsOf(world: World): string {
  return world.transport.last.written.slice(28);
}

describe('a transport socket that tells upstreams of clients', () => {
  it('begins each connection with a header', () => {
    const { world, cluster } = serve();
    const request = clientOf(1111).startOn(cluster);
    world.transport.last.accept();
    request.send();
    expect(world.transport.last.written).toMatch(/^PROXY TCP4 10\.0\.0\.1 10\.0\.0\.2 1111 80\r\nGET \/ /);
  });

  it('says nothing of clients that are hidden, so that these share connections', () => {
    const { world, cluster } = serve({ version: 1 });
    const first = clientOf(1111, [], true).startOn(cluster);
    world.transport.last.accept();
    first.send();
    expect(world.transport.last.written.slice(0, 16)).toBe('\r\n\r\n\0\r\nQUIT\n\x20\0\0\0');
    world.transport.last.respond('HTTP/1.1 204 No Content\r\n\r\n');
    clientOf(2222, [], true).startOn(cluster);
    expect(world.transport.connections.length).toBe(1);
  });

  it('names the addresses of the connection itself in version 1, when these are known, where it may name no client', () => {
    const preambles: unknown[] = [];
    const inner: UpstreamTransportSocket = {
      connect: (transport, address, options, owner) => {
        preambles.push(options.connect.preamble);
        return transport.connect(address, options.connect, owner);
      },
    };
    const { cluster } = serve({}, inner);
    new RecordedRequest().startOn(cluster);
    const [preamble] = preambles as [(local: Address) => Buffer];
    expect(preamble(ipAddress('10.0.0.3', 3333)).toString('latin1')).toBe('PROXY TCP4 10.0.0.3 10.0.0.9 3333 80\r\n');
  });

  it('hands the header to the socket inside, to leave before a handshake', () => {
    const preambles: (string | undefined)[] = [];
    const inner: UpstreamTransportSocket = {
      connect: (transport, address, options, owner) => {
        preambles.push(options.connect.preamble?.toString('latin1'));
        return transport.connect(address, options.connect, owner);
      },
    };
    const { cluster } = serve({}, inner);
    clientOf(1111).startOn(cluster);
    expect(preambles).toEqual(['PROXY TCP4 10.0.0.1 10.0.0.2 1111 80\r\n']);
  });

  it('shares connections only among requests of the same addresses', () => {
    const { world, cluster } = serve();
    const finish = (port: number): void => {
      const request = clientOf(port).startOn(cluster);
      if (request.encoder === undefined) world.transport.last.accept();
      request.send();
      world.transport.connections[port === 1111 ? 0 : 1]!.respond('HTTP/1.1 204 No Content\r\n\r\n');
    };
    finish(1111);
    finish(1111);
    expect(world.transport.connections.length).toBe(1);
    finish(2222);
    finish(1111);
    expect(world.transport.connections.length).toBe(2);
  });

  it('keeps raw connections apart too', () => {
    const { world, cluster } = serve();
    const [first, second] = [clientOf(1111), clientOf(2222)];
    cluster.newTcpStream(first, 'default', first, first);
    cluster.newTcpStream(second, 'default', second, second);
    expect(world.transport.connections.map(({ written }) => written)).toEqual([
      'PROXY TCP4 10.0.0.1 10.0.0.2 1111 80\r\n',
      'PROXY TCP4 10.0.0.1 10.0.0.2 2222 80\r\n',
    ]);
  });

  it('forgets the pool of a client with its last connection', () => {
    const { world, cluster } = serve();
    clientOf(1111).startOn(cluster);
    world.transport.last.accept();
    world.transport.last.end();
    world.transport.settle();
    const host = world.stat('cluster.web.upstream_cx_active');
    expect(host).toBe(0);
    cluster.retire(undefined);
    expect(world.used('cluster.web.')).toEqual({});
  });

  it('passes on the TLVs that it is told to, behind its own', () => {
    const sent = [tlv(0xe0, 'one'), tlv(0xe1, 'two')];
    const start = (config: Config): string => {
      const { world, cluster } = serve({ version: 1, ...config });
      clientOf(1111, sent).startOn(cluster);
      return tlvsOf(world);
    };
    expect(start({})).toBe('');
    expect(start({ passThroughTlvs: { matchType: 0, tlvType: [] } })).toBe('\xe0\0\x03one\xe1\0\x03two');
    expect(start({ passThroughTlvs: { matchType: 1, tlvType: [0xe1] } })).toBe('\xe1\0\x03two');
    expect(start({ passThroughTlvs: { matchType: 0, tlvType: [] }, addedTlvs: [tlv(0xe1, 'new')] })).toBe('\xe1\0\x03new\xe0\0\x03one');
  });

  it('leaves out TLVs that do not fit, and counts that', () => {
    const long = 'x'.repeat(40_000);
    const { world, cluster } = serve({ version: 1, addedTlvs: [tlv(1, long), tlv(2, long), tlv(3, 'short')] });
    clientOf(1111).startOn(cluster);
    expect(tlvsOf(world)).toBe(`\x01\x9c\x40${long}\x03\0\x05short`);
    expect(world.stat('cluster.web.upstream.proxyprotocol.v2_tlvs_exceed_max_length')).toBe(1);
  });
});
