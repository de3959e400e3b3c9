import type { DownstreamTlsContext, UpstreamTlsContext } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import { CLUSTER } from '../cluster/cluster-facts.ts';
import type { Extension } from '../core/extension.ts';
import { FILTER_CHAIN, LISTENER } from '../listener/network-filter.ts';
import type { DownstreamTransportSocket, UpstreamTransportSocket } from '../transport/transport-socket.ts';
import { compileDownstreamTls } from './downstream.ts';
import { compileUpstreamTls } from './upstream.ts';

const MESSAGES = 'envoy.extensions.transport_sockets.tls.v3';

export const tlsDownstreamExtension: Extension<DownstreamTlsContext, DownstreamTransportSocket | undefined> = {
  name: 'envoy.transport_sockets.tls',
  category: 'envoy.transport_sockets.downstream',
  configType: `${MESSAGES}.DownstreamTlsContext`,
  compile(message, at, context) {
    const { statScope } = context.service(LISTENER);
    return compileDownstreamTls(message, { at, context, statScope, serverNames: context.service(FILTER_CHAIN).serverNames });
  },
};

export const tlsUpstreamExtension: Extension<UpstreamTlsContext, UpstreamTransportSocket | undefined> = {
  name: 'envoy.transport_sockets.tls',
  category: 'envoy.transport_sockets.upstream',
  configType: `${MESSAGES}.UpstreamTlsContext`,
  compile(message, at, context) {
    return compileUpstreamTls(message, { at, context, statScope: context.service(CLUSTER).statScope });
  },
};
