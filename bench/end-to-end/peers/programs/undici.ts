import type { IncomingMessage, ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { LIMITS } from '../../plan.ts';
import { featuresFromArguments, serve, withoutHopByHop } from './features.ts';

/** node:http in front, undici's dispatch behind: the fastest ordinary way to build a proxy from what Node offers. */
const features = featuresFromArguments();
const pool = new Pool(features.origin, {
  connections: 64,
  pipelining: 1,
  keepAliveTimeout: LIMITS.keepAliveTimeoutMs,
  headersTimeout: features.plan.full ? LIMITS.routeTimeoutMs : 0,
  bodyTimeout: features.plan.full ? LIMITS.streamIdleTimeoutMs : 0,
});

serve(features, (request: IncomingMessage, response: ServerResponse) => {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  pool.dispatch(
    {
      method: request.method as 'GET',
      path: request.url!,
      headers: withoutHopByHop(request.headers),
      body: hasBody ? request : null,
    },
    {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status, headers) => {
        const kept = withoutHopByHop(headers);
        features.addResponseHeaders(kept);
        response.writeHead(status, kept);
      },
      onResponseData: (controller, chunk) => {
        if (response.write(chunk)) return;
        controller.pause();
        response.once('drain', () => controller.resume());
      },
      onResponseEnd: () => response.end(),
      onResponseError: () => {
        if (response.headersSent) response.destroy();
        else response.writeHead(502).end();
      },
    },
  );
});
