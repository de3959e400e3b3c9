import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type net from 'node:net';
import { ipAddress, isAbstract, systemPath } from './address.ts';
import type { Address, ListenOptions } from './transport.ts';

/** The documented half of listening, the same for both transports. Resolves with the bound address. */
export function startListening(server: net.Server, address: Address, options: ListenOptions): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      const mode = options.pipeMode;
      if (address.kind === 'pipe' && mode !== 0 && !isAbstract(address)) chmodSync(address.host, mode);
      resolve(boundAddress(server, address));
    });
    server.listen(listenOptions(address, options));
  });
}

function listenOptions(address: Address, options: ListenOptions): net.ListenOptions {
  const { backlog } = options;
  if (address.kind === 'pipe') {
    if (!isAbstract(address)) removeStaleSocket(address.host);
    return { path: systemPath(address), backlog, exclusive: true };
  }
  const { reusePort, ipv6Only } = options;
  return { host: address.host, port: address.port, backlog, exclusive: true, reusePort, ipv6Only };
}

/** A socket file outlives a process that was killed, and would refuse the bind. Other files are left to do so. */
function removeStaleSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
}

function boundAddress(server: net.Server, asked: Address): Address {
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? asked : ipAddress(bound.address, bound.port);
}
