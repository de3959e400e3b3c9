import type { UpstreamIpPortMatcher } from '../../api/generated/envoy/extensions/rbac/matchers/upstream_ip_port/v3.ts';
import type { Extension } from '../../core/extension.ts';
import { FilterStateAddress } from '../filter-state.ts';
import { compileIpPrefix, IpPrefixSet } from '../ip-prefix.ts';
import type { RbacRule } from './compile.ts';

/** Where a filter leaves the address that a request will go to, before it goes. */
const KEY = 'envoy.stream.upstream_address';

/** A permission: what goes to some upstream addresses. */
export const upstreamIpPortExtension: Extension<UpstreamIpPortMatcher, RbacRule> = {
  name: 'envoy.rbac.matchers.upstream_ip_port',
  category: 'envoy.rbac.matchers',
  configType: 'envoy.extensions.rbac.matchers.upstream_ip_port.v3.UpstreamIpPortMatcher',
  compile({ upstreamIp, upstreamPortRange: ports }, at, context) {
    if (upstreamIp === undefined && ports === undefined) {
      context.error(at, 'Invalid UpstreamIpPortMatcher configuration - missing `upstream_ip` and/or `upstream_port_range`');
    }
    const prefix = upstreamIp && compileIpPrefix(upstreamIp, at.field('upstream_ip'), context);
    const networks = prefix && new IpPrefixSet([prefix]);
    return ({ info }) => {
      const object = info.stateOf(KEY);
      if (!(object instanceof FilterStateAddress)) return false;
      const { address } = object;
      return networks?.has(address) !== false && (ports === undefined || (address.port >= ports.start && address.port <= ports.end));
    };
  },
};
