import { BlockList, isIPv6 } from 'node:net';
import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
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
  const ranges = new BlockList();
  // As Envoy: who says something about internal addresses and names no ranges means the private ones.
  if (config.cidrRanges.length === 0) addPrivateRanges(ranges);
  config.cidrRanges.forEach((range, index) => {
    try {
      ranges.addSubnet(range.addressPrefix, range.prefixLen ?? (isIPv6(range.addressPrefix) ? 128 : 32), isIPv6(range.addressPrefix) ? 'ipv6' : 'ipv4');
    } catch {
      context.error(at.field('internal_address_config').field('cidr_ranges').index(index), `malformed IP address: ${range.addressPrefix}`);
    }
  });
  return (address) => (address.kind === 'pipe' ? config.unixSockets : ranges.check(address.host, isIPv6(address.host) ? 'ipv6' : 'ipv4'));
}

function addPrivateRanges(ranges: BlockList): void {
  ranges.addSubnet('10.0.0.0', 8, 'ipv4');
  ranges.addSubnet('172.16.0.0', 12, 'ipv4');
  ranges.addSubnet('192.168.0.0', 16, 'ipv4');
  ranges.addAddress('127.0.0.1', 'ipv4');
  ranges.addSubnet('fd00::', 8, 'ipv6');
  ranges.addAddress('::1', 'ipv6');
}
