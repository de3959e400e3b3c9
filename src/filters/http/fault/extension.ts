import type { HTTPFault } from '../../../api/generated/envoy/extensions/filters/http/fault/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { HTTP } from '../../../http/http-services.ts';
import { Fault, FAULT_STATS } from './fault.ts';
import { compileFaultSettings } from './settings.ts';

export const faultExtension: Extension<HTTPFault, HttpFilter> = {
  name: 'envoy.filters.http.fault',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.fault.v3.HTTPFault',
  routeConfigType: 'envoy.extensions.filters.http.fault.v3.HTTPFault',
  compile: (config, at, context) =>
    new Fault(compileFaultSettings(config, at, context), context.stats.group(`${context.service(HTTP).stats.prefix}.fault`, FAULT_STATS), context.runtime),
  compileRoute: (config: HTTPFault, at, context) => compileFaultSettings(config, at, context),
};
