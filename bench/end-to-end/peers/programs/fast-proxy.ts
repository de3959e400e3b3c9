import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { LIMITS } from '../../plan.ts';
import { featuresFromArguments, serve } from './features.ts';

interface FastProxy {
  proxy(request: IncomingMessage, response: ServerResponse, path: string, options: object): void;
}

const fastProxy = createRequire(import.meta.url)('fast-proxy') as (options: object) => FastProxy;

const features = featuresFromArguments();
const { proxy } = fastProxy({
  base: features.origin,
  undici: {
    connections: 64,
    pipelining: 1,
    keepAliveTimeout: LIMITS.keepAliveTimeoutMs,
    headersTimeout: features.plan.full ? LIMITS.routeTimeoutMs : 0,
  },
});
const options = {
  rewriteHeaders: (headers: OutgoingHttpHeaders) => {
    features.addResponseHeaders(headers);
    return headers;
  },
};
serve(features, (request, response) => proxy(request, response, request.url!, options));
