import { Agent } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { LIMITS } from '../../plan.ts';
import { featuresFromArguments, serve } from './features.ts';

interface ProxyServer {
  web(request: IncomingMessage, response: ServerResponse): void;
  on(event: 'proxyRes', listener: (answer: IncomingMessage) => void): void;
  on(event: 'error', listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void): void;
}

const { createProxyServer } = createRequire(import.meta.url)('http-proxy') as { createProxyServer(options: object): ProxyServer };

const features = featuresFromArguments();
const proxy = createProxyServer({
  target: features.origin,
  agent: new Agent({ keepAlive: true, maxSockets: 64 }),
  proxyTimeout: features.plan.full ? LIMITS.routeTimeoutMs : undefined,
});
proxy.on('proxyRes', (answer) => features.addResponseHeaders(answer.headers));
proxy.on('error', (_error, _request, response) => {
  if (response.headersSent) response.destroy();
  else response.writeHead(502).end();
});
serve(features, (request, response) => proxy.web(request, response));
