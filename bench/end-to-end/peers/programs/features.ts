import { randomUUID } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { ProxyPlan } from '../../plan.ts';
import { LIMITS, VIA } from '../../plan.ts';

/** What the native proxies do by configuration, for the proxies from npm: routes, client address, request id, Via, log, counts. */
export class Features {
  readonly plan: ProxyPlan;
  readonly origin: string;
  readonly #log: WriteStream | undefined;
  /** Answers by route and status. */
  readonly #counters = new Map<string, number>();
  #lines: string[] = [];

  constructor(plan: ProxyPlan, accessLogPath: string) {
    this.plan = plan;
    this.origin = `http://127.0.0.1:${plan.originPort}`;
    if (!plan.full) return;
    this.#log = createWriteStream(accessLogPath, { flags: 'a' });
    setInterval(() => this.#writeLines(), 1_000).unref();
  }

  /** Called first for each request. Finds its route and adds to its headers. */
  onRequest(request: IncomingMessage, response: ServerResponse): void {
    const route = this.#routeOf(request.url!);
    if (!this.plan.full) return;
    const { headers } = request;
    const client = request.socket.remoteAddress!;
    const before = headers['x-forwarded-for'];
    headers['x-forwarded-for'] = before === undefined ? client : `${String(before)}, ${client}`;
    headers['x-forwarded-proto'] = 'http';
    headers['x-request-id'] ??= randomUUID();
    headers['via'] = VIA;
    const startMs = performance.now();
    response.on('finish', () => this.#onFinish(request, response, route, startMs));
  }

  addResponseHeaders(headers: OutgoingHttpHeaders): void {
    if (this.plan.full) headers['via'] = VIA;
  }

  #routeOf(path: string): string {
    for (const prefix of this.plan.prefixes) if (path.startsWith(prefix)) return prefix;
    return '/';
  }

  #onFinish(request: IncomingMessage, response: ServerResponse, route: string, startMs: number): void {
    const { headers } = request;
    const status = response.statusCode;
    const counter = `${route} ${status}`;
    this.#counters.set(counter, (this.#counters.get(counter) ?? 0) + 1);
    const tookMs = Math.round(performance.now() - startMs);
    this.#lines.push(
      `[${new Date().toISOString()}] "${request.method} ${request.url} HTTP/${request.httpVersion}" ${status} 0 ` +
        `${String(response.getHeader('content-length') ?? '-')} ${tookMs} "${String(headers['x-forwarded-for'])}" ` +
        `"${headers['user-agent'] ?? '-'}" "${String(headers['x-request-id'])}" "${headers.host ?? '-'}" "${this.origin}"\n`,
    );
    if (this.#lines.length >= 256) this.#writeLines();
  }

  #writeLines(): void {
    if (this.#lines.length === 0) return;
    this.#log!.write(this.#lines.join(''));
    this.#lines = [];
  }
}

export function featuresFromArguments(): Features {
  const { plan, accessLogPath } = JSON.parse(readFileSync(process.argv[2], 'utf8')) as { plan: ProxyPlan; accessLogPath: string };
  return new Features(plan, accessLogPath);
}

/** A server with the plan's timeouts and features in front of `forward`. */
export function serve(features: Features, forward: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer({ keepAliveTimeout: LIMITS.keepAliveTimeoutMs, requestTimeout: LIMITS.requestTimeoutMs }, (request, response) => {
    features.onRequest(request, response);
    forward(request, response);
  });
  server.maxRequestsPerSocket = 0;
  server.listen(features.plan.listenPort, '127.0.0.1', 4096);
  return server;
}

/** Headers that describe one connection and must not travel on. */
export function withoutHopByHop(headers: Record<string, unknown>): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const name in headers) {
    if (!HOP_BY_HOP.has(name)) kept[name] = headers[name] as string | string[];
  }
  return kept;
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);
