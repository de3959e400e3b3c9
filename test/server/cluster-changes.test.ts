import { beforeEach, expect, test } from 'vitest';
import type { ClusterSpec, HostSetUpdate } from '../../src/cluster/cluster-spec.ts';
import { ReceivedClusters, SentClusters } from '../../src/server/cluster-changes.ts';

let sent: SentClusters;
let received: ReceivedClusters;

beforeEach(() => {
  sent = new SentClusters();
  received = new ReceivedClusters();
});

const spec = (name: string, hash: string): ClusterSpec => ({ name, hash }) as ClusterSpec;
const hosts = (cluster: string, hash: string): HostSetUpdate => ({ cluster, hash }) as HostSetUpdate;

/** What crosses, and what the worker makes of it. */
function send(specs: readonly ClusterSpec[], updates: readonly HostSetUpdate[] = []) {
  const changes = sent.changes({ clusters: specs, hosts: updates });
  const { clusters, hosts: told } = received.apply(changes);
  return { sent: changes.changed.map(({ name }) => name), clusters, hosts: told };
}

test('only clusters that changed cross, and the worker has all in their order', () => {
  const first = [spec('a', '1'), spec('b', '1'), spec('c', '1')];
  expect(send(first)).toEqual({ sent: ['a', 'b', 'c'], clusters: first, hosts: [] });
  const second = [spec('c', '1'), spec('b', '2'), spec('d', '1')];
  expect(send(second)).toEqual({ sent: ['b', 'd'], clusters: second, hosts: [] });
  expect(send(second)).toEqual({ sent: [], clusters: second, hosts: [] });
});

test('a cluster that comes back crosses again, with its hosts', () => {
  send([spec('a', '1'), spec('b', '1')], [hosts('a', '1')]);
  send([spec('b', '1')]);
  expect(send([spec('a', '1'), spec('b', '1')], [hosts('a', '1'), hosts('b', '1')])).toEqual({ sent: ['a'], clusters: [spec('a', '1'), spec('b', '1')], hosts: [hosts('a', '1')] });
});

test('to a worker that has missed something all cross again', () => {
  send([spec('a', '1')]);
  sent.changes({ clusters: [spec('b', '1')], hosts: [] });
  sent.forget();
  expect(send([spec('a', '1'), spec('b', '1')], [hosts('a', '1')])).toEqual({ sent: ['a', 'b'], clusters: [spec('a', '1'), spec('b', '1')], hosts: [hosts('a', '1')] });
});
