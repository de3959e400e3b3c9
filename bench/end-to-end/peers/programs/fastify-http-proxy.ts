import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { LIMITS } from '../../plan.ts';
import { featuresFromArguments } from './features.ts';

interface Exchange {
  readonly raw: IncomingMessage & ServerResponse;
}

interface Fastify {
  addHook(name: 'onRequest', hook: (request: Exchange, reply: Exchange, done: () => void) => void): void;
  register(plugin: unknown, options: object): void;
  listen(options: object): Promise<string>;
}

const require = createRequire(import.meta.url);
const createFastify = require('fastify') as (options: object) => Fastify;

const features = featuresFromArguments();
const fastify = createFastify({ keepAliveTimeout: LIMITS.keepAliveTimeoutMs, requestTimeout: LIMITS.requestTimeoutMs, bodyLimit: 2 ** 31 });
fastify.addHook('onRequest', (request, reply, done) => {
  features.onRequest(request.raw, reply.raw);
  done();
});
fastify.register(require('@fastify/http-proxy'), {
  upstream: features.origin,
  undici: { connections: 64, pipelining: 1, keepAliveTimeout: LIMITS.keepAliveTimeoutMs },
  replyOptions: {
    rewriteHeaders: (headers: OutgoingHttpHeaders) => {
      features.addResponseHeaders(headers);
      return headers;
    },
  },
});
await fastify.listen({ port: features.plan.listenPort, host: '127.0.0.1', backlog: 4096 });
