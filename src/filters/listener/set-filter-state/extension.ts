import type { Config } from '../../../api/generated/envoy/extensions/filters/listener/set_filter_state/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import { compileFilterStateValues } from '../../../http/filter-state-values.ts';
import type { ListenerFilter } from '../../../listener/listener-filter.ts';

/** Texts that later filters and access logs can name, of what is known when the filters before this one are done. */
export const listenerSetFilterStateExtension: Extension<Config, ListenerFilter> = {
  name: 'envoy.filters.listener.set_filter_state',
  category: 'envoy.filters.listener',
  configType: 'envoy.extensions.filters.listener.set_filter_state.v3.Config',
  compile({ onAccept }, at, context) {
    const values = compileFilterStateValues(onAccept, at.field('on_accept'), context);
    return {
      open(socket) {
        const info = socket.describe();
        values.applyTo({ info, requestHeaders: undefined, responseHeaders: undefined });
        socket.filterState = info.filterState;
        return undefined;
      },
    };
  },
};
