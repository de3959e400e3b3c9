import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LookupFamily } from '../../../src/cluster/cluster-spec.ts';
import { createResolverFactory } from '../../../src/cluster/discovery/dns-resolver.ts';
import type { NameResolver, Resolution } from '../../../src/cluster/discovery/name-resolver.ts';
import { World } from '../world.ts';
import { DnsServer } from './dns-server.ts';

describe('the DNS resolver', () => {
  let folder: string;
  let server: DnsServer;
  let world: World;
  let resolver: NameResolver;
  let hostsPath: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuncio-dns-'));
    hostsPath = join(folder, 'hosts');
    await writeFile(hostsPath, '127.0.0.7 fixed.test\n::7 fixed.test\n');
    await writeFile(join(folder, 'resolv.conf'), 'search one.test two.test\noptions ndots:2\n');
    world = new World();
    server = new DnsServer();
    resolver = await open(true);
  });

  afterEach(async () => {
    resolver.close();
    server.close();
    await rm(folder, { recursive: true });
  });

  async function open(search: boolean): Promise<NameResolver> {
    const spec = { kind: 'dns', servers: [await server.listen()], search, timeoutMs: 5_000, tries: 2 } as const;
    return createResolverFactory(world.stats, { hosts: hostsPath, resolvConf: join(folder, 'resolv.conf') })(spec);
  }

  const hosts = (resolution: Resolution): readonly string[] | string =>
    resolution.kind === 'answer' ? resolution.addresses.map(({ host }) => host) : resolution.reason;
  const resolve = async (name: string, family: LookupFamily = 'auto') => hosts(await resolver.resolve(name, family));

  it('returns addresses with their TTL', async () => {
    server.zones = { 'a.b.test': { a: ['10.0.0.1', '10.0.0.2'], ttlSeconds: 9 } };
    expect(await resolver.resolve('a.b.test', 'v4-only')).toEqual({
      kind: 'answer',
      addresses: [
        { host: '10.0.0.1', ttlMs: 9_000 },
        { host: '10.0.0.2', ttlMs: 9_000 },
      ],
    });
  });

  it('asks by the lookup family, and takes the answer that counts', async () => {
    server.zones = { 'a.b.test': { a: ['10.0.0.1'], aaaa: ['1'] }, 'four.b.test': { a: ['10.0.0.4'] } };
    const answers = [];
    for (const family of ['auto', 'v4-only', 'v6-only', 'v4-preferred', 'all'] as const) answers.push(await resolve('a.b.test', family));
    expect(answers).toEqual([['::1'], ['10.0.0.1'], ['::1'], ['10.0.0.1'], ['10.0.0.1', '::1']]);
    expect([await resolve('four.b.test', 'auto'), await resolve('four.b.test', 'v6-only')]).toEqual([['10.0.0.4'], []]);
  });

  it('answers nothing for a name that does not exist, and fails when the server does', async () => {
    server.zones = { 'broken.b.test': { rcode: 2 } };
    expect(await resolve('no.b.test')).toEqual([]);
    expect(await resolve('broken.b.test')).toBe('ESERVFAIL');
    expect(await resolve('broken.b.test', 'all')).toBe('ESERVFAIL');
    expect(world.used('dns.cares.')).toEqual({ get_addr_failure: 2, not_found: 1, resolve_total: 3 });
  });

  it('that is closed takes what it waits for out of the count of all resolvers', async () => {
    const other = createResolverFactory(world.stats)({ kind: 'dns', servers: ['192.0.2.1:53'], search: false, timeoutMs: 5_000, tries: 1 });
    const asked = other.resolve('a.b.test', 'v4-only');
    expect(world.stat('dns.cares.pending_resolutions')).toBe(1);
    other.close();
    await asked;
    expect(world.stat('dns.cares.pending_resolutions')).toBe(0);
  });

  it('asks nobody for what is an address, localhost or in the hosts file', async () => {
    expect(await resolve('10.1.1.1')).toEqual(['10.1.1.1']);
    expect(await resolve('localhost', 'v4-only')).toEqual(['127.0.0.1']);
    expect(await resolve('app.localhost')).toEqual(['::1']);
    // c-ares adds what the hosts file leaves out.
    await writeFile(hostsPath, '127.0.0.1 localhost\n127.0.0.2 localhost\n127.0.0.7 fixed.test\n::7 fixed.test\n');
    await utimes(hostsPath, 1, 1);
    expect(await resolve('localhost')).toEqual(['::1']);
    expect(await resolve('LOCALHOST', 'all')).toEqual(['127.0.0.1', '127.0.0.2', '::1']);
    expect([await resolve('Fixed.test'), await resolve('fixed.test', 'v4-only')]).toEqual([['::7'], ['127.0.0.7']]);
    expect(server.questions).toEqual([]);
  });

  it('sees a change of the hosts file', async () => {
    await resolve('fixed.test');
    await writeFile(hostsPath, '127.0.0.8 fixed.test\n');
    await utimes(hostsPath, 1, 1);
    expect(await resolve('fixed.test')).toEqual(['127.0.0.8']);
    await rm(hostsPath);
    expect(await resolve('fixed.test')).toEqual([]);
  });

  it('completes short names by the search path', async () => {
    server.zones = { 'a.two.test': { a: ['10.0.0.1'] } };
    expect(await resolve('a', 'v4-only')).toEqual(['10.0.0.1']);
    expect(server.questions).toEqual(['A a.one.test', 'A a.two.test']);
    expect(await resolve('a.', 'v4-only')).toEqual([]);
  });

  it('leaves the search path alone when told to', async () => {
    server.close();
    server = new DnsServer();
    server.zones = { 'a.one.test': { a: ['10.0.0.1'] } };
    resolver = await open(false);
    expect(await resolve('a', 'v4-only')).toEqual([]);
    expect(server.questions).toEqual(['A a']);
  });
});

describe('the resolver of the C library', () => {
  it('knows localhost', async () => {
    const resolver = createResolverFactory(new World().stats)({ kind: 'getaddrinfo' });
    const resolution = await resolver.resolve('localhost', 'v4-only');
    expect(resolution).toEqual({ kind: 'answer', addresses: [{ host: '127.0.0.1', ttlMs: 0 }] });
    resolver.close();
  });
});
