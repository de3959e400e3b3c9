import { expect, it } from 'vitest';
import { EMPTY_LOCALITY } from '../../src/cluster/cluster-spec.ts';
import { SPECIAL_POOL_LIMIT, UpstreamHost } from '../../src/cluster/host.ts';
import type { ConnectionPool } from '../../src/cluster/pool/connection-pool.ts';
import { ipAddress } from '../../src/transport/address.ts';
import { hostOwner } from './load-balancer/hosts.ts';

it('pools for clients of their own are so many at the most: the oldest makes room', () => {
  const drained: string[] = [];
  const openPool = (_host: unknown, _priority: unknown, _kind: unknown, { key }: { key: string }) => ({ drain: () => drained.push(key) }) as unknown as ConnectionPool;
  const endpoint = { address: ipAddress('10.0.0.1', 80), hostname: '', weight: 1, health: 'UNKNOWN', metadata: undefined } as const;
  const host = new UpstreamHost({ ...hostOwner, openPool }, endpoint, 0, EMPTY_LOCALITY);
  const poolOf = (client: number) => host.specialPool('default', 'http', { key: `client ${client}` } as never);
  const first = poolOf(0);
  for (let client = 1; client < SPECIAL_POOL_LIMIT; client++) poolOf(client);
  expect(poolOf(0)).toBe(first);
  expect(drained).toEqual([]);
  poolOf(SPECIAL_POOL_LIMIT);
  expect(drained).toEqual(['client 0']);
});
