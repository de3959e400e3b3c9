import type { HeaderValueOption, Metadata } from '../../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileHeaderMutation, mutateInOrder } from '../header-mutation.ts';
import { compileFilterConfigs, type FilterConfigMessages, type FilterConfigs } from './filter-configs.ts';
import type { HeaderMutation, RouteMetadata } from './route.ts';

/**
 * What RouteConfiguration, VirtualHost, Route and weighted cluster entry all may carry: header mutations and filter configurations.
 */
export interface RouteLevel {
  readonly requestMutation: HeaderMutation | undefined;
  readonly responseMutation: HeaderMutation | undefined;
  /** With those of the less specific levels below. */
  readonly filterConfigs: FilterConfigs;
}

interface LevelFields {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
  readonly typedPerFilterConfig: FilterConfigMessages;
}

export function compileLevel(fields: LevelFields, at: ConfigPath, context: CompileContext, inherited: FilterConfigs): RouteLevel {
  return {
    requestMutation: compileHeaderMutation(
      {
        add: fields.requestHeadersToAdd,
        addAt: at.field('request_headers_to_add'),
        remove: fields.requestHeadersToRemove,
        removeAt: at.field('request_headers_to_remove'),
      },
      context,
    ),
    responseMutation: compileHeaderMutation(
      {
        add: fields.responseHeadersToAdd,
        addAt: at.field('response_headers_to_add'),
        remove: fields.responseHeadersToRemove,
        removeAt: at.field('response_headers_to_remove'),
      },
      context,
    ),
    filterConfigs: compileFilterConfigs(fields.typedPerFilterConfig, at.field('typed_per_filter_config'), context, inherited),
  };
}

/**
 * The mutations of all levels as one. `levels` runs from the least specific to the most specific; the least specific is applied last
 * and so wins, unless `most_specific_header_mutations_wins`. `first` is applied before all.
 */
export function composeMutations(
  levels: readonly RouteLevel[],
  side: 'requestMutation' | 'responseMutation',
  mostSpecificWins: boolean,
  first?: HeaderMutation,
): HeaderMutation | undefined {
  const mutations = levels.map((level) => level[side]);
  return mutateInOrder([first, ...(mostSpecificWins ? mutations : mutations.toReversed())]);
}

export function plainMetadata(metadata: Metadata | undefined): RouteMetadata | undefined {
  return metadata?.filterMetadata;
}
