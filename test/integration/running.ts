import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What an integration test has running, ended in reverse order. */
export class Running {
  readonly #endings: (() => unknown)[] = [];

  onEnd(end: () => unknown): void {
    this.#endings.push(end);
  }

  async end(): Promise<void> {
    for (const end of this.#endings.splice(0).reverse()) await end();
  }

  /** A folder of its own. */
  folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'nuncio-test-'));
    this.onEnd(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  /** A server that answers with its name; the port is in use until the test ends. */
  async origin(name: string): Promise<number> {
    const server: Server = createServer((incoming, response) => {
      incoming.resume().on('end', () => response.end(name));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.onEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  agent(connections: number): Agent {
    const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
    this.onEnd(() => agent.destroy());
    return agent;
  }

  /** Writes a configuration file whose content can be replaced. */
  configFile(config: object): { readonly path: string; write(next: object): void } {
    const path = join(this.folder(), 'envoy.json');
    const write = (next: object): void => writeFileSync(path, JSON.stringify(next));
    write(config);
    return { path, write };
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** From a port or a socket file. */
export function get(where: number | string, path = '/', agent?: Agent): Promise<Answer> {
  const target = typeof where === 'string' ? { socketPath: where } : { host: '127.0.0.1', port: where };
  return new Promise((resolve, reject) => {
    const sent = request({ ...target, path, ...(agent === undefined ? { agent: false } : { agent }) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Asks again until the answer is as wanted; the test's own time limit ends a wait in vain. */
export async function until<T>(ask: () => T | Promise<T>, wanted: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (wanted(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
