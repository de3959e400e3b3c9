import type { OriginalDst } from '../../../api/generated/envoy/extensions/filters/listener/original_dst/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { ListenerFilter } from '../../../listener/listener-filter.ts';
import { ipAddress } from '../../../transport/address.ts';

/** The namespace, and its field, in which a listener filter before this one may say where the client wanted to go. */
const METADATA = 'envoy.filters.listener.original_dst';

/**
 * The address that a transparent proxy (TPROXY) kept is the socket's own, and one that a filter before this one found in its metadata is taken
 * from there. What iptables REDIRECT replaced cannot be asked for: Node has no call that reads SO_ORIGINAL_DST.
 */
export const originalDstExtension: Extension<OriginalDst, ListenerFilter> = {
  name: 'envoy.filters.listener.original_dst',
  category: 'envoy.filters.listener',
  configType: 'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  compile(_message, at, context) {
    context.warning(at, 'the destination that iptables REDIRECT replaces cannot be read; use TPROXY, or the PROXY protocol, to keep it');
    return {
      open(socket) {
        const local: unknown = socket.metadata?.get(METADATA)?.['local'];
        const parsed = typeof local === 'string' ? /^\[?([^\]]+)\]?:(\d+)$/.exec(local) : null;
        if (parsed === null) return undefined;
        socket.localAddress = ipAddress(parsed[1]!, Number(parsed[2]));
        socket.localAddressRestored = true;
        return undefined;
      },
    };
  },
};
