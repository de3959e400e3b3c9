import type { OriginalDst } from '../../../api/generated/envoy/extensions/filters/listener/original_dst/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { ListenerFilter } from '../../../listener/listener-filter.ts';
import { ipAddress } from '../../../transport/address.ts';

/** The namespace, and its field, in which a listener filter before this one may say where the client wanted to go. */
const METADATA = 'envoy.filters.listener.original_dst';

/** Node has no call that reads SO_ORIGINAL_DST, and none that sets IP_TRANSPARENT: what a filter before this one found in its metadata is all there is. */
const ALONE =
  'destinations that iptables replaces are not supported, because Node.js cannot ask for them; put envoy.filters.listener.proxy_protocol with a rule for the metadata ' +
  `"${METADATA}" before this filter, or send the PROXY protocol and use no filter beside proxy_protocol`;

export const originalDstExtension: Extension<OriginalDst, ListenerFilter> = {
  name: 'envoy.filters.listener.original_dst',
  category: 'envoy.filters.listener',
  configType: 'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  compile: () => ({
    usesAnother: ALONE,
    open(socket) {
      const local: unknown = socket.metadata?.get(METADATA)?.['local'];
      const parsed = typeof local === 'string' ? /^\[?([^\]]+)\]?:(\d+)$/.exec(local) : null;
      if (parsed === null) return undefined;
      socket.localAddress = ipAddress(parsed[1]!, Number(parsed[2]));
      socket.localAddressRestored = true;
      return undefined;
    },
  }),
};
