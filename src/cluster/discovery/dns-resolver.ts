import type { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { defineStats, type StatGroup, type StatStore } from '../../core/stats/stats.ts';
import type { LookupFamily, ResolverSpec } from '../cluster-spec.ts';
import { HostsFile } from './hosts-file.ts';
import { type NameResolver, type Resolution, resolveFamilies } from './name-resolver.ts';
import { candidates, NO_SEARCH, readSearchPath } from './search-path.ts';

export interface SystemFiles {
  readonly hosts: string;
  readonly resolvConf: string;
}

const SYSTEM_FILES: SystemFiles = { hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf' };

/** `localhost` is this machine whatever name servers say (RFC 6761 §6.3), and by both versions whatever the hosts file says, as c-ares has it. */
const LOOPBACK = ['127.0.0.1', '::1'];

/** `dns.cares.*`; the resolver below is c-ares as well. */
const DNS_STATS = defineStats({
  counters: ['get_addr_failure', 'not_found', 'reinits', 'resolve_total', 'timeouts'],
  gauges: ['pending_resolutions'],
});

/** Only for those who have names to resolve. */
const loadDns = () => process.getBuiltinModule('node:dns');

/** Opens resolvers that count together in `stats`. */
export function createResolverFactory(stats: StatStore, files: SystemFiles = SYSTEM_FILES): (spec: ResolverSpec) => NameResolver {
  return (spec) => (spec.kind === 'dns' ? new DnsResolver(spec, stats, files) : new GetAddrInfoResolver());
}

/** Asks name servers, after the hosts file; completes short names by the search path. */
class DnsResolver implements NameResolver {
  readonly #resolver: dns.Resolver;
  readonly #hosts: HostsFile;
  readonly #resolvConf: string | undefined;
  readonly #store: StatStore;
  readonly #stats: StatGroup;
  #pending = 0;
  #closed = false;

  constructor({ servers, search, timeoutMs, tries }: Extract<ResolverSpec, { kind: 'dns' }>, store: StatStore, files: SystemFiles) {
    this.#store = store;
    this.#stats = store.group('dns.cares', DNS_STATS);
    this.#resolver = new (loadDns().promises.Resolver)({ timeout: timeoutMs, tries });
    if (servers.length > 0) this.#resolver.setServers(servers);
    this.#hosts = new HostsFile(files.hosts);
    this.#resolvConf = search ? files.resolvConf : undefined;
  }

  async resolve(name: string, family: LookupFamily): Promise<Resolution> {
    this.#stats.inc(DNS_STATS.resolve_total);
    this.#addPending(1);
    const resolution = await this.#resolve(name, family);
    if (this.#closed) return resolution;
    this.#addPending(-1);
    this.#count(resolution);
    return resolution;
  }

  close(): void {
    this.#closed = true;
    this.#resolver.cancel();
    this.#addPending(-this.#pending);
    this.#store.release(this.#stats);
  }

  #addPending(count: number): void {
    this.#pending += count;
    this.#stats.gaugeAdd(DNS_STATS.pending_resolutions, count);
  }

  async #resolve(name: string, family: LookupFamily): Promise<Resolution> {
    if (isIP(name) !== 0) return answer([name]);
    const listed = await this.#hosts.addressesOf(name);
    const fixed = isLocalhost(name) ? [...new Set([...listed, ...LOOPBACK])] : listed;
    if (fixed.length > 0) return resolveFamilies(family, async (version) => answer(ofVersion(fixed, version)));
    const path = this.#resolvConf === undefined ? NO_SEARCH : await readSearchPath(this.#resolvConf);
    const names = candidates(name, path);
    return resolveFamilies(family, (version) => this.#firstOf(names, version));
  }

  #count(resolution: Resolution): void {
    if (resolution.kind === 'answer') {
      if (resolution.addresses.length === 0) this.#stats.inc(DNS_STATS.not_found);
      return;
    }
    this.#stats.inc(DNS_STATS.get_addr_failure);
    if (resolution.reason === loadDns().TIMEOUT) this.#stats.inc(DNS_STATS.timeouts);
  }

  /** The first name that has addresses; a failure counts only when none has. */
  async #firstOf(names: readonly string[], version: 4 | 6): Promise<Resolution> {
    let failure: Resolution | undefined;
    for (const name of names) {
      const resolution = await this.#query(name, version);
      if (resolution.kind === 'failure') failure ??= resolution;
      else if (resolution.addresses.length > 0) return resolution;
    }
    return failure ?? answer([]);
  }

  async #query(name: string, version: 4 | 6): Promise<Resolution> {
    try {
      const records = await (version === 4 ? this.#resolver.resolve4(name, { ttl: true }) : this.#resolver.resolve6(name, { ttl: true }));
      return { kind: 'answer', addresses: records.map(({ address, ttl }) => ({ host: address, ttlMs: ttl * 1000 })) };
    } catch (error) {
      return withoutAddresses(error);
    }
  }
}

/** The C library's resolver, in Node's thread pool. It knows no TTL. */
class GetAddrInfoResolver implements NameResolver {
  resolve(name: string, family: LookupFamily): Promise<Resolution> {
    return resolveFamilies(family, (version) => lookup(name, version));
  }

  close(): void {}
}

async function lookup(name: string, family: 4 | 6): Promise<Resolution> {
  try {
    const found = await loadDns().promises.lookup(name, { all: true, family, verbatim: true });
    return answer(found.map(({ address }) => address));
  } catch (error) {
    return withoutAddresses(error);
  }
}

function answer(hosts: readonly string[]): Resolution {
  return { kind: 'answer', addresses: hosts.map((host) => ({ host, ttlMs: 0 })) };
}

function withoutAddresses(error: unknown): Resolution {
  const { code = 'UNKNOWN' } = error as NodeJS.ErrnoException;
  const { NODATA, NOTFOUND } = loadDns();
  return code === NOTFOUND || code === NODATA ? answer([]) : { kind: 'failure', reason: code };
}

function ofVersion(addresses: readonly string[], version: 4 | 6): string[] {
  return addresses.filter((address) => isIP(address) === version);
}

function isLocalhost(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === 'localhost' || lower.endsWith('.localhost');
}
