import type { LogLevel } from '../core/log.ts';

/** Envoy's loggers, in the order in which `/logging` lists them. */
export const LOG_COMPONENTS = [
  'a2a', 'admin', 'ai_protocol_manager', 'alternate_protocols_cache', 'aws', 'assert', 'backtrace', 'basic_auth', 'cache_filter', 'client', 'config',
  'connection', 'conn_handler', 'compression', 'credential_injector', 'decompression', 'dns', 'dubbo', 'envoy_bug', 'ext_authz', 'ext_proc', 'rocketmq',
  'file', 'filter', 'forward_proxy', 'geolocation', 'grpc', 'happy_eyeballs', 'hc', 'health_checker', 'http', 'http2', 'hystrix', 'init', 'io', 'jwt',
  'json_rpc', 'kafka', 'key_value_store', 'lua', 'local_rate_limit', 'main', 'matcher', 'mcp', 'misc', 'mongo', 'multi_connection', 'notification',
  'oauth2', 'quic', 'quic_stream', 'pool', 'rate_limit_quota', 'rbac', 'rds', 'redis', 'router', 'runtime', 'stats', 'secret', 'sse', 'tap', 'testing',
  'thrift', 'tracing', 'upstream', 'udp', 'wasm', 'websocket', 'golang', 'stats_sinks', 'dynamic_modules', 'ip_tagging',
] as const;

export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];

/** `warn` is Envoy's second name for `warning`. */
export function parseLogLevel(text: string): LogLevel | undefined {
  return text === 'warn' ? 'warning' : LOG_LEVELS.find((level) => level === text);
}

const INDEXES: ReadonlyMap<string, number> = new Map(LOG_COMPONENTS.map((name, index) => [name, index]));

/** The index of a component in `LOG_COMPONENTS`. */
export function componentIndex(name: string): number | undefined {
  return INDEXES.get(name);
}

/** A level for each component, in memory that all threads share: a change holds everywhere at once. */
export class LogLevels {
  readonly shared: SharedArrayBuffer;
  readonly #levels: Uint8Array;

  constructor(shared = new SharedArrayBuffer(LOG_COMPONENTS.length)) {
    this.shared = shared;
    this.#levels = new Uint8Array(shared);
  }

  static create(all: LogLevel, components: readonly (readonly [name: string, level: LogLevel])[] = []): LogLevels {
    const levels = new LogLevels();
    levels.setAll(all);
    for (const [name, level] of components) levels.set(name, level);
    return levels;
  }

  /** The rank of the lowest level that this component writes. */
  rank(index: number): number {
    return this.#levels[index]!;
  }

  setAll(level: LogLevel): void {
    this.#levels.fill(LOG_LEVELS.indexOf(level));
  }

  /** False when there is no such component. */
  set(name: string, level: LogLevel): boolean {
    const index = INDEXES.get(name);
    if (index === undefined) return false;
    this.#levels[index] = LOG_LEVELS.indexOf(level);
    return true;
  }

  /** By component, in Envoy's order. */
  list(): readonly (readonly [name: string, level: LogLevel])[] {
    return LOG_COMPONENTS.map((name, index) => [name, LOG_LEVELS[this.#levels[index]!]!]);
  }
}
