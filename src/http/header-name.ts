/**
 * Header names as small integers. Every name that code or configuration asks for is interned once, when compiled; the
 * parser then tags each line it reads, so that `headers.get(name)` compares integers. Names nobody asks for have id 0.
 *
 * The table grows with configuration only, never with traffic.
 */

declare const brand: unique symbol;
export type HeaderName = number & { readonly [brand]: true };

/** What the parser stores for a name that is not interned. */
export const UNKNOWN_HEADER = 0;

const texts: string[] = [''];
/** `name: `, and the same behind a line that is not ended. */
const starts: string[] = [''];
const furtherStarts: string[] = [''];
const byText = new Map<string, HeaderName>();

/** Open addressing over the parser's running hash: slot → id. Kept at most a quarter full. */
let slots = new Uint16Array(1024);
let hashes = new Int32Array(1024);

/** The parser's hash: `hash = hash * 31 + byte` over the lower-case name, in 32 bits. */
function hashHeaderName(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** Interns a name; case does not matter. */
export function headerName(text: string): HeaderName {
  const lower = text.toLowerCase();
  let id = byText.get(lower);
  if (id === undefined) {
    id = texts.length as HeaderName;
    texts.push(lower);
    starts.push(`${lower}: `);
    furtherStarts.push(`\r\n${lower}: `);
    byText.set(lower, id);
    if (texts.length * 4 > slots.length) rehash(slots.length * 2);
    else insert(hashHeaderName(lower), id);
  }
  return id;
}

/** How many names there are: who keeps ids learns from it that there are more. */
export function internedHeaderNames(): number {
  return texts.length;
}

/** The lower-case text of an interned name. */
export function headerText(name: HeaderName): string {
  return texts[name]!;
}

/** How a field line begins: `name: `. */
export function fieldStart(name: HeaderName): string {
  return starts[name]!;
}

/** As `fieldStart`, behind a line that still lacks its end. */
export function furtherFieldStart(name: HeaderName): string {
  return furtherStarts[name]!;
}

/** Interned names, asked for by id. */
export class HeaderNameSet {
  readonly #isIn: Uint8Array;

  constructor(names: readonly HeaderName[]) {
    this.#isIn = new Uint8Array(Math.max(...names) + 1);
    for (const name of names) this.#isIn[name] = 1;
  }

  has(id: number): boolean {
    return id < this.#isIn.length && this.#isIn[id] === 1;
  }
}

/** The id of a name if it is interned, else 0. */
export function findHeaderName(lowerCaseText: string): HeaderName | 0 {
  return byText.get(lowerCaseText) ?? UNKNOWN_HEADER;
}

/** For parsers: the id of the lower-case name in `bytes[start, end)` whose hash is known, else 0. */
export function lookUpHeaderName(bytes: Uint8Array, start: number, end: number, hash: number): number {
  const mask = slots.length - 1;
  let slot = (hash ^ (hash >>> 15)) & mask;
  for (;;) {
    const id = slots[slot]!;
    if (id === 0) return UNKNOWN_HEADER;
    if (hashes[slot] === hash && sameText(bytes, start, end, texts[id]!)) return id;
    slot = (slot + 1) & mask;
  }
}

function sameText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

function insert(hash: number, id: number): void {
  const mask = slots.length - 1;
  let slot = (hash ^ (hash >>> 15)) & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = id;
  hashes[slot] = hash;
}

function rehash(size: number): void {
  slots = new Uint16Array(size);
  hashes = new Int32Array(size);
  for (let id = 1; id < texts.length; id++) insert(hashHeaderName(texts[id]!), id);
}

/** The names that the request path itself asks for. */
export const H = {
  host: headerName('host'),
  connection: headerName('connection'),
  contentLength: headerName('content-length'),
  transferEncoding: headerName('transfer-encoding'),
  upgrade: headerName('upgrade'),
  expect: headerName('expect'),
  keepAlive: headerName('keep-alive'),
  proxyConnection: headerName('proxy-connection'),
  te: headerName('te'),
  trailer: headerName('trailer'),
  http2Settings: headerName('http2-settings'),
  contentType: headerName('content-type'),
  date: headerName('date'),
  server: headerName('server'),
  via: headerName('via'),
  location: headerName('location'),
  userAgent: headerName('user-agent'),
  referer: headerName('referer'),
  cookie: headerName('cookie'),
  setCookie: headerName('set-cookie'),
  grpcStatus: headerName('grpc-status'),
  grpcMessage: headerName('grpc-message'),
  grpcTimeout: headerName('grpc-timeout'),
  xForwardedFor: headerName('x-forwarded-for'),
  xForwardedProto: headerName('x-forwarded-proto'),
  xForwardedHost: headerName('x-forwarded-host'),
  xForwardedPort: headerName('x-forwarded-port'),
  xForwardedClientCert: headerName('x-forwarded-client-cert'),
  xRequestId: headerName('x-request-id'),
  envoyInternal: headerName('x-envoy-internal'),
  envoyExternalAddress: headerName('x-envoy-external-address'),
  envoyUpstreamServiceTime: headerName('x-envoy-upstream-service-time'),
  envoyExpectedRqTimeoutMs: headerName('x-envoy-expected-rq-timeout-ms'),
  envoyUpstreamRqTimeoutMs: headerName('x-envoy-upstream-rq-timeout-ms'),
  envoyUpstreamRqPerTryTimeoutMs: headerName('x-envoy-upstream-rq-per-try-timeout-ms'),
  envoyUpstreamRqTimeoutAltResponse: headerName('x-envoy-upstream-rq-timeout-alt-response'),
  envoyUpstreamStreamDurationMs: headerName('x-envoy-upstream-stream-duration-ms'),
  envoyUpstreamAltStatName: headerName('x-envoy-upstream-alt-stat-name'),
  envoyMaxRetries: headerName('x-envoy-max-retries'),
  envoyRetryOn: headerName('x-envoy-retry-on'),
  envoyRetryGrpcOn: headerName('x-envoy-retry-grpc-on'),
  envoyRetriableStatusCodes: headerName('x-envoy-retriable-status-codes'),
  envoyRetriableHeaderNames: headerName('x-envoy-retriable-header-names'),
  envoyHedgeOnPerTryTimeout: headerName('x-envoy-hedge-on-per-try-timeout'),
  envoyForceTrace: headerName('x-envoy-force-trace'),
  envoyIpTags: headerName('x-envoy-ip-tags'),
  envoyOriginalPath: headerName('x-envoy-original-path'),
  envoyOriginalHost: headerName('x-envoy-original-host'),
  envoyOriginalUrl: headerName('x-envoy-original-url'),
  envoyDecoratorOperation: headerName('x-envoy-decorator-operation'),
  envoyDownstreamServiceCluster: headerName('x-envoy-downstream-service-cluster'),
  envoyDownstreamServiceNode: headerName('x-envoy-downstream-service-node'),
  envoyAttemptCount: headerName('x-envoy-attempt-count'),
  envoyOverloaded: headerName('x-envoy-overloaded'),
  envoyImmediateHealthCheckFail: headerName('x-envoy-immediate-health-check-fail'),
  envoyUpstreamCanary: headerName('x-envoy-upstream-canary'),
  envoyDegraded: headerName('x-envoy-degraded'),
} as const;
