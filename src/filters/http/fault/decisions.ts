import type { Random } from '../../../core/random.ts';
import type { Runtime } from '../../../core/runtime.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { headerName, type HeaderName } from '../../../http/header-name.ts';
import type { Share } from '../../../http/matcher/runtime-fraction.ts';
import type { FaultSettings } from './settings.ts';

const ABORT = headerName('x-envoy-fault-abort-request');
const ABORT_GRPC = headerName('x-envoy-fault-abort-grpc-request');
const ABORT_PERCENTAGE = headerName('x-envoy-fault-abort-request-percentage');
const DELAY = headerName('x-envoy-fault-delay-request');
const DELAY_PERCENTAGE = headerName('x-envoy-fault-delay-request-percentage');
const THROUGHPUT = headerName('x-envoy-fault-throughput-response');
const THROUGHPUT_PERCENTAGE = headerName('x-envoy-fault-throughput-response-percentage');

/** What one request must suffer, decided by configuration, runtime, its headers and chance. */
export class FaultDecisions {
  readonly #settings: FaultSettings;
  readonly #runtime: Runtime;
  readonly #random: Random;
  /** `fault.http.<downstream cluster>.`; '' when the request names none. */
  readonly #clusterScope: string;

  constructor(settings: FaultSettings, runtime: Runtime, random: Random, downstreamCluster: string) {
    this.#settings = settings;
    this.#runtime = runtime;
    this.#random = random;
    this.#clusterScope = downstreamCluster === '' ? '' : `fault.http.${downstreamCluster}.`;
  }

  /** Undefined: none. */
  delayMs(headers: HeaderMap): number | undefined {
    const { delay, keys } = this.#settings;
    if (delay === undefined) return undefined;
    const share = delay.fromHeader ? lowered(delay.share, headers, DELAY_PERCENTAGE) : delay.share;
    if (!this.#chosen(keys.delayPercent, 'delay.fixed_delay_percent', share)) return undefined;
    const configured = delay.fromHeader ? wholeNumber(headers.get(DELAY)) : delay.ms;
    if (configured === undefined) return undefined;
    const ms = this.#number(keys.delayDuration, 'delay.fixed_duration_ms', configured);
    return ms > 0 ? ms : undefined;
  }

  abort(headers: HeaderMap): { readonly status: number; readonly grpcStatus: number | undefined } | undefined {
    const { abort, keys } = this.#settings;
    if (abort === undefined) return undefined;
    const share = abort.fromHeader ? lowered(abort.share, headers, ABORT_PERCENTAGE) : abort.share;
    if (!this.#chosen(keys.abortPercent, 'abort.abort_percent', share)) return undefined;
    const http = this.#status(abort.fromHeader ? httpStatusOf(headers) : abort.httpStatus, keys.abortHttpStatus, 'abort.http_status');
    if (http !== undefined) return { status: http, grpcStatus: undefined };
    const grpc = this.#status(abort.fromHeader ? wholeNumber(headers.get(ABORT_GRPC)) : abort.grpcStatus, keys.abortGrpcStatus, 'abort.grpc_status');
    return grpc === undefined ? undefined : { status: 200, grpcStatus: grpc };
  }

  responseKbps(headers: HeaderMap): number | undefined {
    const { rateLimit, keys } = this.#settings;
    if (rateLimit === undefined) return undefined;
    const share = rateLimit.fromHeader ? lowered(rateLimit.share, headers, THROUGHPUT_PERCENTAGE) : rateLimit.share;
    if (!this.#featureEnabled(keys.rateLimitPercent, share)) return undefined;
    const kbps = rateLimit.fromHeader ? wholeNumber(headers.get(THROUGHPUT)) : rateLimit.kbps;
    return kbps === 0 ? undefined : kbps;
  }

  get maxActiveFaults(): number {
    return this.#runtime.number(this.#settings.keys.maxActiveFaults, this.#settings.maxActiveFaults);
  }

  #status(configured: number | undefined, key: string, scoped: string): number | undefined {
    return configured === undefined ? undefined : this.#number(key, scoped, configured);
  }

  /** The downstream cluster's own share is a second chance. */
  #chosen(key: string, scoped: string, share: Share): boolean {
    if (this.#featureEnabled(key, share)) return true;
    return this.#clusterScope !== '' && this.#featureEnabled(this.#clusterScope + scoped, share);
  }

  #number(key: string, scoped: string, otherwise: number): number {
    const value = this.#runtime.number(key, otherwise);
    return this.#clusterScope === '' ? value : this.#runtime.number(this.#clusterScope + scoped, value);
  }

  /** A runtime number counts in percent. */
  #featureEnabled(key: string, share: Share): boolean {
    const value = this.#runtime.value(key);
    const randomValue = this.#random.uint32();
    if (typeof value === 'object') return randomValue % DENOMINATORS[value.denominator] < value.numerator;
    if (typeof value === 'number' && value >= 0) return randomValue % 100 < value;
    return randomValue % share.denominator < share.numerator;
  }
}

const DENOMINATORS = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 } as const;

function lowered(share: Share, headers: HeaderMap, name: HeaderName): Share {
  const asked = wholeNumber(headers.get(name));
  return asked === undefined ? share : { numerator: Math.min(asked, share.numerator), denominator: share.denominator };
}

function httpStatusOf(headers: HeaderMap): number | undefined {
  const status = wholeNumber(headers.get(ABORT));
  return status !== undefined && status >= 200 && status <= 599 ? status : undefined;
}

/** As far as 32 bits reach. */
function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number < 2 ** 32 ? number : undefined;
}
