import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, STOP_AND_BUFFER } from '../../../http/filter.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import { headerName } from '../../../http/header-name.ts';
import { allowsOrigin, type CorsPolicy, policyFlag, policyText } from '../../../http/route/cors-policy.ts';

export const CORS_STATS = defineStats({ counters: ['origin_invalid', 'origin_valid'] });

const ORIGIN = headerName('origin');
const REQUEST_METHOD = headerName('access-control-request-method');
const REQUEST_PRIVATE_NETWORK = headerName('access-control-request-private-network');
const ALLOW_ORIGIN = headerName('access-control-allow-origin');
const ALLOW_CREDENTIALS = headerName('access-control-allow-credentials');
const ALLOW_METHODS = headerName('access-control-allow-methods');
const ALLOW_HEADERS = headerName('access-control-allow-headers');
const ALLOW_PRIVATE_NETWORK = headerName('access-control-allow-private-network');
const MAX_AGE = headerName('access-control-max-age');
const EXPOSE_HEADERS = headerName('access-control-expose-headers');

/** What a request of another origin, which is allowed, keeps for its response. */
interface AllowedRequest {
  readonly origin: string;
  readonly levels: readonly CorsPolicy[];
}

/** envoy.filters.http.cors: answers preflights, and lets browsers read responses (the Fetch standard's CORS protocol). */
export class Cors implements HttpFilter {
  readonly #stats: StatGroup;

  constructor(stats: StatGroup) {
    this.#stats = stats;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const origin = headers.get(ORIGIN);
    if (origin === undefined || origin === '') return CONTINUE;
    const { route } = stream;
    if (route?.kind !== 'forward') return CONTINUE;
    const own = stream.perRouteLevels as readonly CorsPolicy[];
    const levels = own.length > 0 ? own : route.corsPolicies;
    if (levels.length === 0) return CONTINUE;
    const policy = levels[levels.length - 1]!;
    const enabled = policy.enabled === undefined || policy.enabled.includes(stream.random.uint32());
    if (!enabled && policy.shadow?.includes(stream.random.uint32()) !== true) return CONTINUE;
    const allowed = allowsOrigin(levels, origin);
    this.#stats.inc(allowed ? CORS_STATS.origin_valid : CORS_STATS.origin_invalid);
    if (!enabled) return CONTINUE;
    const preflight = headers.method === 'OPTIONS' && (headers.get(REQUEST_METHOD) ?? '') !== '';
    if (!allowed && (!preflight || policyFlag(levels, 'forwardNotMatchingPreflights', true))) return CONTINUE;
    if (allowed) stream.state = { origin, levels } satisfies AllowedRequest;
    if (!preflight) return CONTINUE;
    stream.info.responseCodeDetails = 'cors_response';
    stream.handle().respondHeaders(preflightAnswer(headers, levels, allowed ? origin : undefined), true);
    return STOP_AND_BUFFER;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const request = stream.state as AllowedRequest | undefined;
    if (request === undefined) return CONTINUE;
    headers.set(ALLOW_ORIGIN, request.origin);
    if (policyFlag(request.levels, 'allowCredentials', false)) headers.set(ALLOW_CREDENTIALS, 'true');
    const expose = policyText(request.levels, 'exposeHeaders');
    if (expose !== '') headers.set(EXPOSE_HEADERS, expose);
    return CONTINUE;
  }
}

/** What encodeHeaders adds to every response of an allowed origin stands in front. */
function preflightAnswer(request: HeaderMap, levels: readonly CorsPolicy[], origin: string | undefined): HeaderMap {
  const answer = new HeaderMap();
  answer.status = 200;
  if (origin !== undefined) answer.set(ALLOW_ORIGIN, origin);
  if (policyFlag(levels, 'allowCredentials', false)) answer.set(ALLOW_CREDENTIALS, 'true');
  const methods = policyText(levels, 'allowMethods');
  if (methods !== '') answer.set(ALLOW_METHODS, methods);
  const names = policyText(levels, 'allowHeaders');
  if (names !== '') answer.set(ALLOW_HEADERS, names);
  const maxAge = policyText(levels, 'maxAge');
  if (maxAge !== '') answer.set(MAX_AGE, maxAge);
  if (request.get(REQUEST_PRIVATE_NETWORK) === 'true' && policyFlag(levels, 'allowPrivateNetworkAccess', false)) answer.set(ALLOW_PRIVATE_NETWORK, 'true');
  return answer;
}
