import { systemProcess } from '../core/process-facts.ts';
import { ManualClock } from '../core/clock.ts';
import type { Extension, ServiceKey } from '../core/extension.ts';
import { silentLogger } from '../core/log.ts';
import { noOverload, OVERLOAD } from '../core/overload.ts';
import { ConfigPath } from '../core/problems.ts';
import { LocalProcessCounts, PROCESS_COUNTS } from '../core/process-counts.ts';
import { SeededRandom } from '../core/random.ts';
import type { RuntimeValue } from '../core/runtime.ts';
import { StatScrape } from '../core/stats/scrape.ts';
import { SharedStatStore } from '../core/stats/store.ts';
import { Timers } from '../core/timers.ts';
import { schemaOf } from '../api/registry.ts';
import { loadContent } from '../config/loader.ts';
import { extensions as builtIn } from '../extensions.ts';
import { httpConnectionManagerExtension } from '../filters/network/http-connection-manager/extension.ts';
import { AccessLogFileProbe, ACCESS_LOG_FILES } from '../http/access-log-files.ts';
import { PROCESS } from '../http/format/environment.ts';
import { CLUSTERS, HEALTH } from '../http/http-services.ts';
import { LISTENER, type TerminalNetworkFilter } from '../listener/network-filter.ts';
import { CompileRun } from '../server/compile-context.ts';
import { ConfigurationError } from '../server/configuration-error.ts';
import { ExtensionRegistry } from '../server/extension-registry.ts';
import { SnapshotRuntime } from '../server/layered-runtime.ts';
import { FilterCall, type RequestScript } from './filter-call.ts';
import { ScriptedUpstreams } from './scripted-upstream.ts';

const TYPES = 'type.googleapis.com/envoy.extensions.filters';
const MANAGER = 'network.http_connection_manager.v3.HttpConnectionManager';

/** A message of Envoy's API as JSON. */
export type JsonMessage = Readonly<Record<string, unknown>>;

export interface FilterRigOptions {
  /** What stands before the router in `http_filters`: `{ name, typed_config }`. */
  readonly filters: readonly JsonMessage[];
  /** Filters of your own, beside the built-in ones. */
  readonly extensions?: readonly Extension<never, unknown>[];
  /** Of the one virtual host; default: everything to the cluster `upstream`. */
  readonly routes?: readonly JsonMessage[];
  /** More fields of the virtual host and of the connection manager. */
  readonly virtualHost?: JsonMessage;
  readonly manager?: JsonMessage;
  readonly runtime?: Readonly<Record<string, RuntimeValue>>;
  /** `per_connection_buffer_limit_bytes` of the listener. */
  readonly bufferLimitBytes?: number;
  /** Of the generator that stands for chance. */
  readonly seed?: number;
}

/**
 * Runs HTTP filters as the proxy does, without sockets and without waiting: the real codec, connection manager, filter chain
 * and router between a client and upstreams that the test plays; time is moved by hand.
 *
 *     const rig = new FilterRig({ filters: [{ name: 'my.filter', typed_config: { '@type': '…' } }] });
 *     const call = rig.send({ path: '/', headers: { 'x-a': '1' } });
 *     expect(call.upstream!.headers['x-a']).toBe('1');
 *     call.upstream!.respond({ status: 200, body: 'hello' });
 *     expect(call.response!.text).toBe('hello');
 */
export class FilterRig {
  readonly clock = new ManualClock();
  readonly timers = new Timers(this.clock);
  readonly upstreams = new ScriptedUpstreams();
  /** `/healthcheck/fail` was asked. */
  readonly health = { failed: false };
  readonly #scrape = new StatScrape();
  readonly #runtime = new SnapshotRuntime();
  readonly #runtimeValues: Map<string, RuntimeValue>;
  readonly #filter: TerminalNetworkFilter;
  #connections = 0;

  /** Throws a ConfigurationError with everything that is wrong. */
  constructor(options: FilterRigOptions) {
    this.#scrape.addThread(0);
    this.#runtimeValues = new Map(Object.entries(options.runtime ?? {}));
    if (this.#runtimeValues.size > 0) this.#runtime.replace(this.#runtimeValues);
    this.#filter = this.#compile(options);
  }

  /** A request on a connection of its own; as far as the script goes. */
  send(script: RequestScript = {}): FilterCall {
    return new FilterCall(this.#filter, this.upstreams, { id: ++this.#connections, script });
  }

  /** Moves the clock and lets timers fire. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.timers.expire();
  }

  setRuntime(key: string, value: RuntimeValue): void {
    this.#runtimeValues.set(key, value);
    this.#runtime.replace(this.#runtimeValues);
  }

  /** The value of a counter or gauge by its full name; the connection manager's `stat_prefix` is `test`. 0 when there is none. */
  stat(name: string): number {
    return this.#scrape.values().get(name) ?? 0;
  }

  #compile(options: FilterRigOptions): TerminalNetworkFilter {
    const { clock, timers } = this;
    const content = { name: 'rig', content: JSON.stringify(managerOf(options)), format: 'json' } as const;
    const loaded = loadContent(schemaOf(`envoy.extensions.filters.${MANAGER}`), content);
    const { problems } = loaded;
    if (loaded.message === undefined || !problems.ok) throw new ConfigurationError(problems.errors);
    const thread = {
      registry: new ExtensionRegistry([...builtIn, ...(options.extensions ?? [])]),
      stats: new SharedStatStore({ direct: true, onAnnounce: (announcement) => this.#scrape.announce(0, announcement) }),
      clock,
      timers,
      random: new SeededRandom(options.seed ?? 1),
      runtime: this.#runtime,
      log: silentLogger,
      node: { id: 'rig', cluster: 'rig', zone: '', localAddress: '10.0.0.2' },
      serving: true,
    };
    const services = new Map<ServiceKey<unknown>, unknown>([
      [OVERLOAD, noOverload],
      [CLUSTERS, this.upstreams],
      [HEALTH, this.health],
      [ACCESS_LOG_FILES, new AccessLogFileProbe()],
      [PROCESS, systemProcess],
      [PROCESS_COUNTS, new LocalProcessCounts()],
      [LISTENER, { name: 'rig', statScope: 'listener.rig', bufferLimitBytes: options.bufferLimitBytes ?? 1_048_576 }],
    ]);
    const run = new CompileRun(thread, problems, { has: () => true }, services);
    const filter = httpConnectionManagerExtension.compile(loaded.message as never, ConfigPath.root, run);
    if (!problems.ok) throw new ConfigurationError(problems.errors);
    return filter;
  }
}

function managerOf({ filters, routes, virtualHost, manager }: FilterRigOptions): JsonMessage {
  const everything = [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }];
  return {
    stat_prefix: 'test',
    http_protocol_options: { enable_trailers: true },
    route_config: { name: 'rig', virtual_hosts: [{ name: 'all', domains: ['*'], routes: routes ?? everything, ...virtualHost }] },
    http_filters: [...filters, { name: 'router', typed_config: { '@type': `${TYPES}.http.router.v3.Router` } }],
    ...manager,
  };
}
