/** nuncio as a target, in this process. */

import { ConformanceError } from './case.ts';
import type { RunningTarget, Target } from './target.ts';

interface RunningProxy {
  readonly adminPort: number;
  readonly listeners: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

interface Library {
  startProxy(options: { config: object }): Promise<RunningProxy>;
}

export const nuncioTarget: Target = {
  name: 'nuncio',
  async start(config: object): Promise<RunningTarget> {
    const library = (await import(new URL('../../../src/index.ts', import.meta.url).href)) as Library;
    let proxy: RunningProxy;
    try {
      proxy = await library.startProxy({ config });
    } catch (error) {
      throw new ConformanceError(`nuncio did not start: ${(error as Error).message.split('\n')[0]}`);
    }
    return { ports: proxy.listeners, adminPort: proxy.adminPort, stop: () => proxy.close() };
  },
};
