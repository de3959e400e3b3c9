import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { compileIpPrefixSet } from '../../../http/ip-prefix.ts';
import type { Address } from '../../../transport/transport.ts';
import type { AddressingConfig } from './config.ts';
import { compileIpDetection } from './original-ip-detection.ts';

export function compileAddressing(message: ManagerMessage, at: ConfigPath, context: CompileContext): AddressingConfig {
  return {
    useRemoteAddress: message.useRemoteAddress ?? false,
    xffNumTrustedHops: message.xffNumTrustedHops,
    skipXffAppend: message.skipXffAppend,
    appendXForwardedPort: message.appendXForwardedPort,
    detection: compileIpDetection(message, at, context),
    isInternalAddress: compileInternal(message, at, context),
    protoOfPort: message.forwardProtoConfig && protoOfPort(message.forwardProtoConfig),
  };
}

function protoOfPort({ httpsDestinationPorts, httpDestinationPorts }: NonNullable<ManagerMessage['forwardProtoConfig']>): ReadonlyMap<number, 'http' | 'https'> {
  const protos = new Map<number, 'http' | 'https'>();
  for (const port of httpDestinationPorts) protos.set(port, 'http');
  for (const port of httpsDestinationPorts) protos.set(port, 'https');
  return protos;
}

/** Nothing is internal unless it is listed (`internal_address_config`). */
function compileInternal(message: ManagerMessage, at: ConfigPath, context: CompileContext): (address: Address) => boolean {
  const config = message.internalAddressConfig;
  if (config === undefined) return () => false;
  // As Envoy: who says something about internal addresses and names no ranges means the private ones.
  const ranges = compileIpPrefixSet(config.cidrRanges.length === 0 ? PRIVATE_RANGES : config.cidrRanges, at.field('internal_address_config').field('cidr_ranges'), context);
  return (address) => (address.kind === 'pipe' ? config.unixSockets : ranges.has(address));
}

const PRIVATE_RANGES = [
  { addressPrefix: '10.0.0.0', prefixLen: 8 },
  { addressPrefix: '172.16.0.0', prefixLen: 12 },
  { addressPrefix: '192.168.0.0', prefixLen: 16 },
  { addressPrefix: '127.0.0.1', prefixLen: 32 },
  { addressPrefix: 'fd00::', prefixLen: 8 },
  { addressPrefix: '::1', prefixLen: 128 },
];
