import { ProxyProtocolTlvMergePolicy as MergePolicy, type TcpProxy } from '../../../api/generated/envoy/extensions/filters/network/tcp_proxy/v3.ts';
import type { TlvEntry } from '../../../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { compileSubstitutionFormat, type SubstitutionFormat } from '../../../http/format/substitution-format.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { ProxyProtocolTlv } from '../../../transport/transport-socket.ts';

/** A TLV whose value is made for each connection. */
interface FormattedTlv {
  readonly type: number;
  readonly format: SubstitutionFormat;
}

/** Compiled `proxy_protocol_tlvs`: what the PROXY headers of upstream connections say beyond what the client's own said. */
export class AddedTlvs {
  readonly #fixed: readonly ProxyProtocolTlv[];
  readonly #formatted: readonly FormattedTlv[];
  readonly #policy: MergePolicy;

  constructor(fixed: readonly ProxyProtocolTlv[], formatted: readonly FormattedTlv[], policy: MergePolicy) {
    this.#fixed = fixed;
    this.#formatted = formatted;
    this.#policy = policy;
  }

  /** `received`: of the client's PROXY header; undefined when there was none. */
  mergedWith(received: readonly ProxyProtocolTlv[] | undefined, info: StreamInfo): readonly ProxyProtocolTlv[] {
    if (received !== undefined && this.#policy === MergePolicy.ADD_IF_ABSENT) return received;
    const context = { info, requestHeaders: undefined, responseHeaders: undefined };
    const added = [...this.#fixed, ...this.#formatted.map(({ type, format }) => ({ type, value: Buffer.from(format.format(context), 'latin1') }))];
    if (received === undefined) return added;
    if (this.#policy === MergePolicy.APPEND_IF_EXISTS_OR_ADD) return [...received, ...added];
    return [...added, ...received.filter(({ type }) => !added.some((each) => each.type === type))];
  }
}

/** Undefined: there are none to add. */
export function compileAddedTlvs({ proxyProtocolTlvs: entries, proxyProtocolTlvMergePolicy: policy }: TcpProxy, at: ConfigPath, context: CompileContext): AddedTlvs | undefined {
  if (entries.length === 0) return undefined;
  const fixed: ProxyProtocolTlv[] = [];
  const formatted: FormattedTlv[] = [];
  entries.forEach(({ type, value, formatString }: TlvEntry, index) => {
    const entryAt = at.index(index);
    if ((value.length > 0) === (formatString !== undefined)) {
      context.error(entryAt, value.length > 0 ? "Invalid TLV configuration: only one of 'value' or 'format_string' may be set." : "Invalid TLV configuration: one of 'value' or 'format_string' must be set.");
    } else if (formatString === undefined) {
      fixed.push({ type, value: Buffer.from(value) });
    } else {
      const format = compileSubstitutionFormat(formatString, entryAt.field('format_string'), context);
      if (format !== undefined) formatted.push({ type, format });
    }
  });
  return new AddedTlvs(fixed, formatted, policy);
}
