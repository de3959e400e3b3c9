import { describe, expect, it } from 'vitest';
import { type FilterChainMatch, FilterChainTable, type MatchedSocket } from '../../src/listener/match/filter-chain-match.ts';
import { ipAddress, pipeAddress } from '../../src/transport/address.ts';

const NOTHING: FilterChainMatch = {
  destinationPort: 0,
  destinationPrefixes: [],
  serverNames: [],
  transportProtocol: '',
  applicationProtocols: [],
  directSourcePrefixes: [],
  sourceType: 'any',
  sourcePrefixes: [],
  sourcePorts: [],
};

const SOCKET: MatchedSocket = {
  localAddress: ipAddress('10.9.8.7', 8443),
  remoteAddress: ipAddress('10.1.2.3', 1111),
  directRemoteAddress: ipAddress('127.0.0.1', 2222),
  requestedServerName: 'a.b.com',
  transportProtocol: 'tls',
  applicationProtocols: ['h2'],
  filterState: undefined,
};

function tableOf(...matches: Partial<FilterChainMatch>[]): FilterChainTable {
  const table = new FilterChainTable();
  matches.forEach((match, index) => table.add(index, { ...NOTHING, ...match }));
  return table;
}

describe('a filter chain table', () => {
  it('takes the chain that is more specific in the earlier step', () => {
    expect(tableOf({ serverNames: ['a.b.com'] }, { destinationPort: 8443 }).find(SOCKET)).toBe(1);
  });

  it('does not go back when a later step fails', () => {
    expect(tableOf({}, { destinationPort: 8443, serverNames: ['x.com'] }).find(SOCKET)).toBe(-1);
  });

  it('prefers the exact name, then the longest wildcard, then a chain without names', () => {
    const table = tableOf({}, { serverNames: ['.com'] }, { serverNames: ['.b.com'] }, { serverNames: ['a.b.com'] });
    const find = (requestedServerName: string): number => table.find({ ...SOCKET, requestedServerName });
    expect(['a.b.com', 'c.b.com', 'd.c.b.com', 'b.com', 'com', ''].map(find)).toEqual([3, 2, 2, 1, 0, 0]);
  });

  it('finds one of many thousand names by one look-up each', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `host-${index}.example.com`);
    const table = tableOf(...names.map((name) => ({ serverNames: [name] })));
    expect(table.find({ ...SOCKET, requestedServerName: 'host-9999.example.com' })).toBe(9999);
  });

  it('tells which chain already has a combination', () => {
    const table = tableOf({ serverNames: ['a.com', 'b.com'] });
    expect(table.add(1, { ...NOTHING, serverNames: ['b.com'] })).toBe(0);
    expect(table.add(2, { ...NOTHING, serverNames: ['c.com'] })).toBeUndefined();
  });

  it('lets a Unix socket match chains that ask for no address', () => {
    const socket = { ...SOCKET, localAddress: pipeAddress('/run/a.sock'), remoteAddress: pipeAddress('/run/a.sock'), directRemoteAddress: pipeAddress('/run/a.sock') };
    expect(tableOf({ destinationPort: 8443 }, {}).find(socket)).toBe(1);
    expect(tableOf({ sourceType: 'local' }).find(socket)).toBe(0);
  });
});
