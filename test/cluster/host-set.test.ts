import { describe, expect, it } from 'vitest';
import { assignmentOf, hostOwner, several } from './load-balancer/hosts.ts';
import { PrioritySet } from '../../src/cluster/host-set.ts';
import { ipAddress } from '../../src/transport/address.ts';

const names = (hosts: Iterable<{ key: string }>): string[] => [...hosts].map(({ key }) => key);

describe('a host set', () => {
  it('sorts hosts by what they can be used for', () => {
    const set = new PrioritySet(hostOwner);
    const healths = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'] as const;
    set.update(assignmentOf([[{ hosts: healths.map((health) => ({ health })) }]]));
    const [level] = set.levels;
    expect(names(level.healthy)).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
    expect(names(level.degraded)).toEqual(['10.0.0.6:80']);
    expect([level.hosts.length, level.excludedCount]).toEqual([6, 1]);
  });

  it('keeps the object of a host that stays, and describes it anew', () => {
    const set = new PrioritySet(hostOwner);
    set.update(assignmentOf([[{ hosts: [{ weight: 1 }, { weight: 1 }] }]]));
    const [first, second] = set.levels[0].hosts;
    const removed = set.update(assignmentOf([[{ zone: 'z', hosts: [{ weight: 5, health: 'DEGRADED' }] }]]));
    expect(removed).toEqual([second]);
    expect(set.levels[0].hosts).toEqual([first]);
    expect([first.weight, first.degraded, first.locality.zone]).toEqual([5, true, 'z']);
  });

  it('moves a host to another priority without making it anew', () => {
    const set = new PrioritySet(hostOwner);
    const assignment = assignmentOf([[{ hosts: several(1) }]]);
    set.update(assignment);
    const [host] = set.hosts;
    set.update({ ...assignment, priorities: [[], assignment.priorities[0]] });
    expect(set.levels[1].hosts).toEqual([host]);
    expect(host.priority).toBe(1);
  });

  it('counts an address that is named twice as two hosts', () => {
    const set = new PrioritySet(hostOwner);
    const twice = assignmentOf([[{ hosts: several(1) }, { zone: 'b', hosts: several(1) }]]);
    const [[first, second]] = twice.priorities;
    const assignment = { ...twice, priorities: [[first, { ...second, endpoints: first.endpoints }]] };
    set.update(assignment);
    const before = [...set.hosts];
    expect(before).toHaveLength(2);
    expect(set.update(assignment)).toEqual([]);
    expect([...set.hosts]).toEqual(before);
  });

  it('marks canaries by their metadata', () => {
    const set = new PrioritySet(hostOwner);
    const endpoint = { address: ipAddress('10.0.0.1', 80), hostname: '', weight: 1, health: 'UNKNOWN' as const };
    const plain = assignmentOf([[{ hosts: [] }]]);
    const named = (metadata: Record<string, Record<string, unknown>> | undefined) => ({
      ...plain,
      priorities: [[{ ...plain.priorities[0][0], endpoints: [{ ...endpoint, metadata }] }]],
    });
    set.update(named({ 'envoy.lb': { canary: true } }));
    expect(set.levels[0].hosts[0].canary).toBe(true);
    set.update(named(undefined));
    expect(set.levels[0].hosts[0].canary).toBe(false);
  });

  it('has one empty priority when there are no hosts', () => {
    const set = new PrioritySet(hostOwner);
    expect(set.levels).toHaveLength(1);
    set.update({ ...assignmentOf([]) });
    expect(set.levels[0].hosts).toEqual([]);
  });
});
