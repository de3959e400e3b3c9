import type { ConfigContent } from './config/loader.ts';
import type { Extension } from './core/extension.ts';
import { FLUSH_BYTES } from './http/access-log-file.ts';
import { DEFAULT_FLUSH_INTERVAL_MS } from './http/access-log-files.ts';
import { Proxy } from './server/proxy.ts';
import { TRANSPORT_CHOICES, type TransportChoice } from './transport/select-transport.ts';
import type { Address } from './transport/transport.ts';

export { ConfigurationError } from './server/configuration-error.ts';
export type { Problem, SourcePosition } from './core/problems.ts';
export type { Address } from './transport/transport.ts';
// What a filter of your own is made of (docs/writing-a-filter.md).
export type { Struct } from '@bufbuild/protobuf/wkt';
export { structJson } from './api/struct-json.ts';
export type { CompileContext, Extension } from './core/extension.ts';
export type { ConfigPath } from './core/problems.ts';
export { defineStats, type StatGroup } from './core/stats/stats.ts';
export type { Timer, TimerOwner } from './core/timers.ts';
export { CONTINUE, STOP, STOP_AND_BUFFER, STOP_AND_WATERMARK, TAKEN } from './http/filter.ts';
export type { FilterHandle, FilterStatus, FilterStream, HttpFilter, LocalReply } from './http/filter.ts';
export type { HeaderMap } from './http/header-map.ts';
export { headerName, type HeaderName } from './http/header-name.ts';

export interface StartOptions {
  /** A bootstrap: YAML or JSON text, or the object it would be (`envoy.config.bootstrap.v3.Bootstrap` as JSON). */
  readonly config: string | object;
  /** How bytes move; `auto` takes the fastest that passes a self-test. */
  readonly transport?: TransportChoice;
  /** Worker threads; 1, the default, serves in the calling thread. */
  readonly concurrency?: number;
  /** Filters and other extensions of your own, beside the built-in ones. They run in the calling thread, so `concurrency` stays 1. */
  readonly extensions?: readonly Extension<never, unknown>[];
  /** How often access logs are written, in milliseconds. */
  readonly fileFlushIntervalMs?: number;
}

export interface RunningProxy {
  /** Bound addresses by listener name; port 0 has become a real port. */
  readonly addresses: ReadonlyMap<string, Address>;
  /** Of the admin interface; undefined when the bootstrap has none. */
  readonly adminAddress: Address | undefined;
  /** Stops listening and ends all connections; leaves nothing behind. */
  close(): Promise<void>;
}

/** Runs a proxy inside this process. Rejects with a ConfigurationError that lists every problem, and with a TypeError where options are not as typed. */
export async function startProxy(options: StartOptions): Promise<RunningProxy> {
  const { config, transport, concurrency, extensions, fileFlushIntervalMs = DEFAULT_FLUSH_INTERVAL_MS } = checked(options);
  const given: ConfigContent = { name: 'config', ...(typeof config === 'string' ? { content: config, format: 'yaml' } : { content: JSON.stringify(config), format: 'json' }) };
  const files = { flushIntervalMs: fileFlushIntervalMs, flushMinSizeBytes: FLUSH_BYTES };
  const proxy = await Proxy.start({ given, transport, concurrency, extensions, files });
  return {
    addresses: new Map(proxy.addresses().map(({ name, address }) => [name, address])),
    adminAddress: proxy.adminAddress,
    close: () => proxy.close(),
  };
}

/** For those who write JavaScript. */
function checked(options: StartOptions): StartOptions {
  const { config, transport = 'auto', concurrency = 1, extensions = [], fileFlushIntervalMs = 0 } = (options ?? {}) as Partial<StartOptions>;
  if (typeof config !== 'string' && (typeof config !== 'object' || config === null)) throw new TypeError('startProxy: config must be a bootstrap, as text or as an object');
  if (!TRANSPORT_CHOICES.includes(transport)) throw new TypeError(`startProxy: transport must be one of ${TRANSPORT_CHOICES.join(', ')}`);
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new TypeError('startProxy: concurrency must be a whole number from 1');
  if (!Array.isArray(extensions)) throw new TypeError('startProxy: extensions must be a list');
  if (extensions.length > 0 && concurrency > 1) throw new TypeError('startProxy: extensions run in the calling thread, so concurrency must be 1');
  if (!(fileFlushIntervalMs >= 0)) throw new TypeError('startProxy: fileFlushIntervalMs must be a number of milliseconds');
  return options;
}
