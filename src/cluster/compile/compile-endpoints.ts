import { isIP, SocketAddress } from 'node:net';
import type { ClusterLoadAssignment, LbEndpoint, LocalityLbEndpoints } from '../../api/generated/envoy/config/endpoint/v3.ts';
import { type Address as AddressMessage, HealthStatus, type Metadata } from '../../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { ipAddress, pipeAddress } from '../../transport/address.ts';
import type { Address } from '../../transport/transport.ts';
import {
  type Assignment,
  type AssignmentPolicy,
  EMPTY_LOCALITY,
  type EndpointHealth,
  type EndpointSpec,
  type HostMetadata,
  type Locality,
  type LocalityEndpoints,
} from '../cluster-spec.ts';

const DEFAULT_OVERPROVISIONING_PERCENT = 140;
const RESOLVER_HINT = ". Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'";

/** Endpoints with literal addresses, by priority. A level nobody names is empty. */
export function compileAssignment(message: ClusterLoadAssignment | undefined, at: ConfigPath, context: CompileContext): Assignment {
  const priorities: LocalityEndpoints[][] = [];
  message?.endpoints.forEach((group, index) => {
    const groupAt = at.field('endpoints').index(index);
    const endpoints: EndpointSpec[] = [];
    group.lbEndpoints.forEach((endpoint, position) => {
      const compiled = compileEndpoint(endpoint, group, groupAt.field('lb_endpoints').index(position), context);
      if (compiled !== undefined) endpoints.push(compiled);
    });
    addLocality(priorities, group.priority, { locality: compileLocality(group), weight: group.loadBalancingWeight ?? 0, endpoints });
  });
  return { ...compilePolicy(message), priorities };
}

export function compilePolicy(message: ClusterLoadAssignment | undefined): AssignmentPolicy {
  return {
    overprovisioningFactor: message?.policy?.overprovisioningFactor ?? DEFAULT_OVERPROVISIONING_PERCENT,
    weightedPriorityHealth: message?.policy?.weightedPriorityHealth ?? false,
  };
}

/** Endpoints of one locality and priority may come in several groups. */
export function addLocality(priorities: LocalityEndpoints[][], priority: number, group: LocalityEndpoints): void {
  while (priorities.length <= priority) priorities.push([]);
  const level = priorities[priority];
  const known = level.findIndex(({ locality }) => sameLocality(locality, group.locality));
  if (known === -1) level.push(group);
  else level[known] = { ...group, endpoints: [...level[known].endpoints, ...group.endpoints] };
}

function sameLocality(a: Locality, b: Locality): boolean {
  return a === b || (a.region === b.region && a.zone === b.zone && a.subZone === b.subZone);
}

export function compileLocality({ locality }: LocalityLbEndpoints): Locality {
  return locality === undefined ? EMPTY_LOCALITY : { region: locality.region, zone: locality.zone, subZone: locality.subZone };
}

export function healthOf(endpoint: LbEndpoint): EndpointHealth {
  return HEALTH_NAMES[endpoint.healthStatus];
}

const HEALTH_NAMES: Readonly<Record<HealthStatus, EndpointHealth>> = {
  [HealthStatus.UNKNOWN]: 'UNKNOWN',
  [HealthStatus.HEALTHY]: 'HEALTHY',
  [HealthStatus.UNHEALTHY]: 'UNHEALTHY',
  [HealthStatus.DRAINING]: 'DRAINING',
  [HealthStatus.TIMEOUT]: 'TIMEOUT',
  [HealthStatus.DEGRADED]: 'DEGRADED',
};

export function compileMetadata(metadata: Metadata | undefined): HostMetadata | undefined {
  return metadata?.filterMetadata as HostMetadata | undefined;
}

function compileEndpoint(message: LbEndpoint, group: LocalityLbEndpoints, at: ConfigPath, context: CompileContext): EndpointSpec | undefined {
  const endpoint = message.hostIdentifier.case === 'endpoint' ? message.hostIdentifier.value : undefined;
  const address = compileAddress(endpoint?.address, at.field('endpoint').field('address'), context);
  if (address === undefined) return undefined;
  return {
    address,
    hostname: endpoint!.hostname,
    weight: message.loadBalancingWeight ?? 1,
    health: healthOf(message),
    metadata: compileMetadata(message.metadata),
    localityMetadata: compileMetadata(group.metadata),
  };
}

/** An address that needs no resolution. */
export function compileAddress(message: AddressMessage | undefined, at: ConfigPath, context: CompileContext): Address | undefined {
  switch (message?.address.case) {
    case 'pipe':
      return pipeAddress(message.address.value.path);
    case 'socketAddress': {
      const socketAt = at.field('socket_address');
      const { address, portSpecifier } = message.address.value;
      if (portSpecifier.case === 'namedPort') {
        context.error(socketAt.field('named_port'), `IP resolver can't handle a named port${RESOLVER_HINT}`);
        return undefined;
      }
      const host = canonicalIp(address);
      if (host !== undefined) return ipAddress(host, portSpecifier.value ?? 0);
      context.error(socketAt.field('address'), `malformed IP address: ${address}${RESOLVER_HINT}`);
      return undefined;
    }
    case 'envoyInternalAddress':
      // The support table has refused it.
      return undefined;
    default:
      context.error(at, `Address must be set${RESOLVER_HINT}`);
      return undefined;
  }
}

/** Undefined for what is no IP address. */
export function canonicalIp(text: string): string | undefined {
  const version = isIP(text);
  if (version === 4) return text;
  return version === 6 ? new SocketAddress({ address: text, family: 'ipv6' }).address : undefined;
}
