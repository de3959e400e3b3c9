import type net from 'node:net';
import { ipAddress, pipeAddress, systemPath } from './address.ts';
import type { Address, ConnectOptions, Preamble } from './transport.ts';

/** The documented half of connecting, the same for both transports. */
export function connectOptions(address: Address, options: ConnectOptions): net.NetConnectOpts {
  if (address.kind === 'pipe') return { path: systemPath(address), allowHalfOpen: true };
  const { localAddress } = options;
  return {
    host: address.host,
    port: address.port,
    localAddress: localAddress?.host,
    localPort: localAddress === undefined || localAddress.port === 0 ? undefined : localAddress.port,
    allowHalfOpen: true,
    noDelay: true,
  };
}

/** Of a socket that has connected. */
export function preambleBytes(preamble: Preamble, { localAddress, localPort }: net.Socket): Buffer {
  if (Buffer.isBuffer(preamble)) return preamble;
  return preamble(localAddress === undefined ? pipeAddress('') : ipAddress(localAddress, localPort!));
}
