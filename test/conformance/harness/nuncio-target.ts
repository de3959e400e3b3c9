/** nuncio as a target, in this process. */

import { ConformanceError } from './case.ts';
import type { RunningTarget, Target } from './target.ts';

interface RunningProxy {
  /** By listener name. */
  readonly addresses: ReadonlyMap<string, { readonly port: number }>;
  readonly adminAddress?: { readonly port: number } | undefined;
  close(): Promise<void>;
}

interface Library {
  startProxy(options: { config: object; transport: TransportName; fileFlushIntervalMs: number }): Promise<RunningProxy>;
}

export type TransportName = 'direct' | 'public';

/** Short, because every case reads the access log. */
const FLUSH_MS = 10;

export const createNuncioTarget = (transport: TransportName): Target => ({
  name: `nuncio (${transport} transport)`,
  async start(config: object): Promise<RunningTarget> {
    const library = (await import(new URL('../../../src/index.ts', import.meta.url).href)) as Library;
    let proxy: RunningProxy;
    try {
      proxy = await library.startProxy({ config, transport, fileFlushIntervalMs: FLUSH_MS });
    } catch (error) {
      throw new ConformanceError(`nuncio did not start: ${(error as Error).message.split('\n')[0]}`);
    }
    const ports = new Map([...proxy.addresses].map(([name, { port }]) => [name, port]));
    return { ports, adminPort: proxy.adminAddress?.port, stop: () => proxy.close() };
  },
});
