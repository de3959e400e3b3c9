import type { FilterConfig } from '../../../api/generated/envoy/extensions/filters/http/grpc_stats/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import { wireText } from '../../../core/wire-text.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { GrpcStats, type MethodNames } from './grpc-stats.ts';
import { GrpcStatsStore } from './method-stats.ts';

export const grpcStatsExtension: Extension<FilterConfig, HttpFilter> = {
  name: 'envoy.filters.http.grpc_stats',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
  compile: (config, _at, context) => new GrpcStats(namesOf(config), config.emitFilterState, new GrpcStatsStore(context.stats, config.enableUpstreamStats)),
};

function namesOf({ perMethodStatSpecifier: methods, replaceDotsInGrpcServiceName }: FilterConfig): MethodNames {
  const services = methods.case === 'individualMethodStatsAllowlist' ? methods.value.services : [];
  return {
    all: methods.case === 'statsForAllMethods' && methods.value.value,
    listed: new Set(services.flatMap(({ name, methodNames }) => methodNames.map((method) => wireText(`/${name}/${method}`)))),
    replaceDots: replaceDotsInGrpcServiceName,
  };
}
