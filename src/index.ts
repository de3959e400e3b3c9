import { Proxy, type ProxyOptions } from './server/proxy.ts';
import type { Address } from './transport/transport.ts';

export { ConfigurationError } from './server/proxy.ts';
export type { Problem } from './core/problems.ts';
export type { Address } from './transport/transport.ts';

export interface StartOptions {
  /** A bootstrap: YAML or JSON text, or the object it would be (`envoy.config.bootstrap.v3.Bootstrap` as JSON). */
  readonly config: string | object;
  readonly transport?: ProxyOptions['transport'];
}

export interface RunningProxy {
  /** Bound addresses by listener name; port 0 has become a real port. */
  readonly addresses: ReadonlyMap<string, Address>;
  /** Stops listening and ends all connections; leaves nothing behind. */
  close(): Promise<void>;
}

/** Runs a proxy inside this process. Rejects with a ConfigurationError that lists every problem. */
export async function startProxy(options: StartOptions): Promise<RunningProxy> {
  const yaml = typeof options.config === 'string' ? options.config : JSON.stringify(options.config);
  const proxy = await Proxy.start({ yaml, transport: options.transport });
  return {
    addresses: new Map(proxy.addresses().map(({ name, address }) => [name, address])),
    close: () => proxy.close(),
  };
}
