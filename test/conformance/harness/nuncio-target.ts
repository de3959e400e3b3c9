/** nuncio as a target, in this process. */

import { ConformanceError } from './case.ts';
import type { RunningTarget, Target } from './target.ts';
import { ConfigurationRefused } from './target.ts';

interface RunningProxy {
  /** By listener name. */
  readonly addresses: ReadonlyMap<string, { readonly port: number }>;
  readonly adminAddress?: { readonly port: number } | undefined;
  close(): Promise<void>;
}

interface Problem {
  readonly path: string;
  readonly message: string;
}

interface Library {
  readonly ConfigurationError: new (...args: never[]) => Error & { readonly problems: readonly Problem[] };
  startProxy(options: { config: object; transport: TransportName; fileFlushIntervalMs: number }): Promise<RunningProxy>;
}

export type TransportName = 'direct' | 'public';

/** Short, because every case reads the access log. */
const FLUSH_MS = 10;

/** Without the position, which changes with the length of the ports. */
const problemText = ({ path, message }: Problem): string => `${path}: ${message}`;

export const createNuncioTarget = (transport: TransportName): Target => ({
  name: `nuncio (${transport} transport)`,
  async start(config: object): Promise<RunningTarget> {
    const library = (await import(new URL('../../../src/index.ts', import.meta.url).href)) as Library;
    let proxy: RunningProxy;
    try {
      proxy = await library.startProxy({ config, transport, fileFlushIntervalMs: FLUSH_MS });
    } catch (error) {
      if (error instanceof library.ConfigurationError) throw new ConfigurationRefused(error.problems.map(problemText));
      throw new ConformanceError(`nuncio did not start: ${(error as Error).message.split('\n')[0]}`);
    }
    const ports = new Map([...proxy.addresses].map(([name, { port }]) => [name, port]));
    return { ports, adminPort: proxy.adminAddress?.port, stop: () => proxy.close() };
  },
});
