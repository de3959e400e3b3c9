import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Proxy } from '../../src/server/proxy.ts';
import { Gateway, gatewayConfig, Peer, RawUpstream, response, TRANSPORTS, until } from './gateway.ts';

/** Seconds until the keep-alive timer of the connection's server side fires; undefined when it has none. */
function keepAliveSeconds(serverPort: number, clientPort: number): number | undefined {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/)).find(([, local, remote]) => local?.endsWith(`:${hex(serverPort)}`) && remote?.endsWith(`:${hex(clientPort)}`));
  const [kind, ticks] = (fields?.[5] ?? '').split(':');
  return kind === '02' ? parseInt(ticks!, 16) / 100 : undefined;
}

describe.skipIf(process.platform !== 'linux').each(TRANSPORTS)('keep-alive of accepted connections (%s transport)', (transport) => {
  const secondsWith = async (listener: Record<string, unknown>, isOn = Object.keys(listener).length > 0): Promise<number | undefined> => {
    const upstream = await RawUpstream.start();
    upstream.answer = (peer) => peer.write(response('answer'));
    const gateway = await Gateway.start({ clusters: { origin: upstream.port }, listener }, { transport });
    // The last address, where there are several.
    const { address, additional } = gateway.proxy.addresses()[0]!;
    const { host, port: serverPort } = additional.at(-1) ?? address;
    const client = new Peer(connect({ host, port: serverPort }));
    client.write('GET / HTTP/1.1\r\nHost: gateway\r\n\r\n');
    await client.has('answer');
    const port = (client.socket.address() as { port: number }).port;
    // What the kernel has sent is acknowledged first: until then another timer runs.
    if (isOn) await until(() => keepAliveSeconds(serverPort, port) !== undefined, () => 'no keep-alive timer');
    const seconds = keepAliveSeconds(serverPort, port);
    client.socket.destroy();
    await gateway.close();
    await upstream.close();
    return seconds;
  };

  it('is off unless it is asked for', async () => {
    expect(await secondsWith({})).toBeUndefined();
  });

  it('starts after keepalive_time', async () => {
    const seconds = await secondsWith({ tcp_keepalive: { keepalive_time: 120, keepalive_interval: 7, keepalive_probes: 3 } });
    expect(seconds).toBeGreaterThan(100);
    expect(seconds).toBeLessThanOrEqual(120);
  });

  it('is set by socket options as well', async () => {
    const seconds = await secondsWith({ socket_options: [{ level: 1, name: 9, int_value: 1 }, { level: 6, name: 4, int_value: 90 }, { level: 6, name: 5, int_value: 5 }, { level: 6, name: 6, int_value: 4 }, { level: 6, name: 1, int_value: 1 }] });
    expect(seconds).toBeGreaterThan(70);
    expect(seconds).toBeLessThanOrEqual(90);
  });

  const additional = (options: object): Record<string, unknown> => ({ additional_addresses: [{ address: { socket_address: { address: '127.0.0.2', port_value: 0 } }, ...options }] });

  it('of an additional address is its own, or the listener\'s', async () => {
    const keepalive = { tcp_keepalive: { keepalive_time: 120 } };
    expect(await secondsWith({ ...keepalive, ...additional({}) })).toBeGreaterThan(100);
    expect(await secondsWith({ ...keepalive, ...additional({ tcp_keepalive: { keepalive_time: 60 } }) })).toBeLessThanOrEqual(60);
    expect(await secondsWith({ ...keepalive, ...additional({ tcp_keepalive: { keepalive_time: 0 } }) }, false)).toBeUndefined();
    const option = (name: number, value: number): object => ({ level: name === 9 ? 1 : 6, name, int_value: value });
    expect(await secondsWith(additional({ socket_options: { socket_options: [option(9, 1), option(4, 90)] } }))).toBeLessThanOrEqual(90);
  });

  it('is all that socket options can set', () => {
    const load = (option: object) => (): void => Proxy.validate({ yaml: JSON.stringify(gatewayConfig({ clusters: { origin: 1 }, listener: { socket_options: [option] } })) });
    expect(load({ level: 6, name: 23, int_value: 256 })).toThrow('socket option of level 6 and name 23 (Node sets SO_KEEPALIVE');
    expect(load({ level: 6, name: 1, int_value: 0 })).toThrow('level 6 and name 1');
  });
});
