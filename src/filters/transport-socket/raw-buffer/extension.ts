import type { Extension } from '../../../core/extension.ts';

const CONFIG_TYPE = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

/** Nothing stands between the socket and those who use its bytes. */
export const rawBufferDownstreamExtension: Extension<unknown, undefined> = {
  name: 'envoy.transport_sockets.raw_buffer',
  category: 'envoy.transport_sockets.downstream',
  configType: CONFIG_TYPE,
  compile: () => undefined,
};

export const rawBufferUpstreamExtension: Extension<unknown, undefined> = { ...rawBufferDownstreamExtension, category: 'envoy.transport_sockets.upstream' };
