import type net from 'node:net';
import { systemPath } from './address.ts';
import type { Address, ConnectOptions } from './transport.ts';

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
