import type { Regex } from '../../core/regex.ts';
import type { Format } from '../format/format.ts';
import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { HeaderField } from '../matcher/header-field.ts';
import { pathEnd } from './path-pattern.ts';
import type { HeaderMutationContext } from './route.ts';

/** A new host for the upstream, from the request. '' = the host stays. */
export interface HostRewrite {
  newHost(headers: HeaderMap, context: HeaderMutationContext): string;
}

/** `host_rewrite_literal`. */
export class LiteralHost implements HostRewrite {
  readonly #host: string;

  constructor(host: string) {
    this.#host = host;
  }

  newHost(): string {
    return this.#host;
  }
}

/** `host_rewrite_header`. */
export class HeaderHost implements HostRewrite {
  readonly #field: HeaderField;

  constructor(field: HeaderField) {
    this.#field = field;
  }

  newHost(headers: HeaderMap): string {
    return this.#field.first(headers) ?? '';
  }
}

/** `host_rewrite_path_regex`: the path without its query, its matches replaced. */
export class PathRegexHost implements HostRewrite {
  readonly #regex: Regex;
  readonly #substitution: string;

  constructor(regex: Regex, substitution: string) {
    this.#regex = regex;
    this.#substitution = substitution;
  }

  newHost(headers: HeaderMap): string {
    const { path } = headers;
    return this.#regex.replaceAll(path.slice(0, pathEnd(path)), this.#substitution);
  }
}

/** `host_rewrite`. */
export class FormattedHost implements HostRewrite {
  readonly #format: Format;

  constructor(format: Format) {
    this.#format = format;
  }

  newHost(_headers: HeaderMap, context: HeaderMutationContext): string {
    return this.#format.format(context);
  }
}

export interface HostReplacement {
  readonly host: string;
  readonly appendXForwardedHost: boolean;
  readonly keepOriginalHost: boolean;
}

/** Sets the host of a request and tells of the one before in `x-envoy-original-host` and `x-forwarded-host`. */
export function replaceHost(headers: HeaderMap, { host, appendXForwardedHost, keepOriginalHost }: HostReplacement): void {
  const before = headers.authority;
  if (before !== '') {
    if (keepOriginalHost) headers.set(H.envoyOriginalHost, before);
    if (appendXForwardedHost) {
      const forwarded = headers.get(H.xForwardedHost);
      headers.set(H.xForwardedHost, forwarded === undefined || forwarded === '' ? before : `${forwarded},${before}`);
    }
  }
  headers.authority = host;
}
