import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { GrpcWeb } from './grpc-web.ts';
import { GrpcWebStats } from './grpc-web-stats.ts';

export const grpcWebExtension: Extension<never, HttpFilter> = {
  name: 'envoy.filters.http.grpc_web',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb',
  compile: (_config, _at, context) => new GrpcWeb(new GrpcWebStats(context.stats)),
};
