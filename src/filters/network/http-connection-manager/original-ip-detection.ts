import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { CustomHeaderConfig } from '../../../api/generated/envoy/extensions/http/original_ip_detection/custom_header/v3.ts';
import type { XffConfig } from '../../../api/generated/envoy/extensions/http/original_ip_detection/xff/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { ipLiteral } from '../../../http/ip-literal.ts';
import { compileIpPrefixSet, type IpPrefixSet } from '../../../http/ip-prefix.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H, headerName, type HeaderName } from '../../../http/header-name.ts';
import type { Address } from '../../../transport/transport.ts';
import { addressFromEnd } from './forwarded-for.ts';

/** What a detector says about a request. */
export interface Detection {
  /** Undefined: it does not know, the next one is asked. */
  readonly address: Address | undefined;
  /** The address may make the request an internal one. */
  readonly trusted: boolean;
  /** The peer is to be appended to X-Forwarded-For, whether or not an address was found. */
  readonly appendsXff: boolean;
  /** The request is answered with this status; 0 = it is not. */
  readonly rejectStatus: number;
}

export interface IpDetector {
  detect(headers: HeaderMap, peer: Address): Detection;
}

const UNKNOWN: Detection = { address: undefined, trusted: false, appendsXff: false, rejectStatus: 0 };

/** `original_ip_detection_extensions`: the first that knows the client's address wins, unless one rejects the request before. */
export class OriginalIpDetection implements IpDetector {
  readonly #detectors: readonly IpDetector[];

  constructor(detectors: readonly IpDetector[]) {
    this.#detectors = detectors;
  }

  detect(headers: HeaderMap, peer: Address): Detection {
    let appendsXff = false;
    for (const detector of this.#detectors) {
      const detection = detector.detect(headers, peer);
      appendsXff ||= detection.appendsXff;
      if (detection.rejectStatus !== 0) return detection;
      if (detection.address !== undefined) return { ...detection, appendsXff };
    }
    return appendsXff ? { ...UNKNOWN, appendsXff } : UNKNOWN;
  }
}

/** envoy.http.original_ip_detection.xff */
class XffDetector implements IpDetector {
  readonly #trustedHops: number;
  readonly #trustedRanges: IpPrefixSet | undefined;
  readonly #appendsXff: boolean;

  constructor(trustedHops: number, trustedRanges: IpPrefixSet | undefined, appendsXff: boolean) {
    this.#trustedHops = trustedHops;
    this.#trustedRanges = trustedRanges;
    this.#appendsXff = appendsXff;
  }

  detect(headers: HeaderMap, peer: Address): Detection {
    const xff = headers.getJoined(H.xForwardedFor);
    const trusted = xff !== undefined && !xff.includes(',');
    const ranges = this.#trustedRanges;
    // Envoy appends a peer that it does not trust whatever the configuration says.
    if (ranges !== undefined && !ranges.has(peer)) return { ...UNKNOWN, appendsXff: true };
    const address = ranges === undefined ? addressFromEnd(xff, this.#trustedHops) : lastUntrusted(xff, ranges);
    return { address, trusted, appendsXff: this.#appendsXff, rejectStatus: 0 };
  }
}

/** From the end, the first address outside the ranges; the first of all when each one is inside. */
function lastUntrusted(xff: string | undefined, ranges: IpPrefixSet): Address | undefined {
  if (xff === undefined || xff === '') return undefined;
  let last: Address | undefined;
  for (const entry of xff.split(',').reverse()) {
    last = ipLiteral(entry.trim(), 0);
    if (last === undefined || !ranges.has(last)) return last;
  }
  return last;
}

/** envoy.http.original_ip_detection.custom_header */
class CustomHeaderDetector implements IpDetector {
  readonly #header: HeaderName;
  readonly #trusted: boolean;
  readonly #otherwise: Detection;

  constructor(header: HeaderName, trusted: boolean, rejectStatus: number) {
    this.#header = header;
    this.#trusted = trusted;
    this.#otherwise = { ...UNKNOWN, rejectStatus };
  }

  detect(headers: HeaderMap): Detection {
    const text = headers.get(this.#header);
    const address = text === undefined ? undefined : ipLiteral(text, 0);
    return address === undefined ? this.#otherwise : { address, trusted: this.#trusted, appendsXff: false, rejectStatus: 0 };
  }
}

export const xffDetectionExtension: Extension<XffConfig, IpDetector> = {
  name: 'envoy.http.original_ip_detection.xff',
  category: 'envoy.http.original_ip_detection',
  configType: 'envoy.extensions.http.original_ip_detection.xff.v3.XffConfig',
  compile(message, at, context) {
    const { xffTrustedCidrs: cidrs, xffNumTrustedHops: hops } = message;
    if (cidrs !== undefined && hops > 0) context.error(at, 'Cannot set both xff_num_trusted_hops and xff_trusted_cidrs');
    const ranges = cidrs && compileIpPrefixSet(cidrs.cidrs, at.field('xff_trusted_cidrs').field('cidrs'), context);
    return new XffDetector(hops, ranges, message.skipXffAppend === false);
  },
};

export const customHeaderDetectionExtension: Extension<CustomHeaderConfig, IpDetector> = {
  name: 'envoy.http.original_ip_detection.custom_header',
  category: 'envoy.http.original_ip_detection',
  configType: 'envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig',
  compile({ headerName: header, allowExtensionToSetAddressAsTrusted, rejectWithStatus }) {
    return new CustomHeaderDetector(headerName(header), allowExtensionToSetAddressAsTrusted, rejectWithStatus === undefined ? 0 : errorStatus(rejectWithStatus.code));
  },
};

/** Only an error may be answered. */
function errorStatus(code: number): number {
  return code >= 400 && code < 600 ? code : 403;
}

/** Undefined when there are none: the address comes from the connection or X-Forwarded-For. */
export function compileIpDetection(message: ManagerMessage, at: ConfigPath, context: CompileContext): OriginalIpDetection | undefined {
  const entries = message.originalIpDetectionExtensions;
  if (entries.length === 0) return undefined;
  const listAt = at.field('original_ip_detection_extensions');
  if (message.useRemoteAddress === true) context.error(listAt, 'Original IP detection extension and use_remote_address may not be mixed');
  if (message.xffNumTrustedHops > 0) context.error(listAt, 'Original IP detection extension and xff_num_trusted_hops may not be mixed');
  const detectors: IpDetector[] = [];
  entries.forEach(({ name, typedConfig }, index) => {
    const entryAt = listAt.index(index);
    const resolved = context.resolve('envoy.http.original_ip_detection', name, typedConfig, entryAt, false);
    if (resolved !== undefined) detectors.push(resolved.extension.compile(resolved.config, entryAt.field('typed_config'), context) as IpDetector);
  });
  return new OriginalIpDetection(detectors);
}
