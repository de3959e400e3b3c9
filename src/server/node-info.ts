import { networkInterfaces } from 'node:os';
import type { Node } from '../api/generated/envoy/config/core/v3.ts';
import type { NodeInfo } from '../core/extension.ts';

/** `--service-node`, `--service-cluster`, `--service-zone`; empty: not given. */
export interface NodeOverrides {
  readonly id: string;
  readonly cluster: string;
  readonly zone: string;
  /** `--local-address-ip-version` */
  readonly ipVersion: 'v4' | 'v6';
}

export const NO_OVERRIDES: NodeOverrides = { id: '', cluster: '', zone: '', ipVersion: 'v4' };

/** The bootstrap's node, as the command line corrects it. */
export function nodeInfoOf(node: Node | undefined, overrides: NodeOverrides): NodeInfo {
  return {
    id: overrides.id || (node?.id ?? ''),
    cluster: overrides.cluster || (node?.cluster ?? ''),
    zone: overrides.zone || (node?.locality?.zone ?? ''),
    region: node?.locality?.region ?? '',
    subZone: node?.locality?.subZone ?? '',
    metadata: node?.metadata,
    localAddress: localAddress(overrides.ipVersion),
  };
}

/** The first address of this machine that is not on the loopback, as Envoy looks for it; else the loopback's. */
function localAddress(version: 'v4' | 'v6'): string {
  const family = version === 'v4' ? 'IPv4' : 'IPv6';
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find((address) => address.family === family && !address.internal);
    if (found !== undefined) return found.address;
  }
  return version === 'v4' ? '127.0.0.1' : '::1';
}
