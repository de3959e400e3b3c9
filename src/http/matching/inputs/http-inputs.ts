import type { DynamicMetadataInput } from '../../../api/generated/envoy/extensions/matching/common_inputs/network/v3.ts';
import type { HttpRequestHeaderMatchInput, HttpRequestQueryParamMatchInput } from '../../../api/generated/envoy/type/matcher/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import { wireText } from '../../../core/wire-text.ts';
import type { HeaderMap } from '../../header-map.ts';
import { headerField } from '../../matcher/header-field.ts';
import { decodedQueryParameter } from '../../matcher/query-parameters.ts';
import { valueAt } from '../../metadata-path.ts';
import { type MatchInput, UNDECIDED } from '../match-tree.ts';
import type { HttpMatchingData } from '../matching-data.ts';

const TYPES = 'envoy.type.matcher.v3';

function input(name: string, configType: string, compile: (config: never) => MatchInput<HttpMatchingData>): Extension<never, MatchInput<HttpMatchingData>> {
  return { name, category: 'envoy.matching.http.input', configType, compile };
}

/** All values of one field with commas between. */
function fieldInput(name: string, message: string, fieldsOf: (data: HttpMatchingData) => HeaderMap | undefined): Extension<never, unknown> {
  return input(`envoy.matching.inputs.${name}`, `${TYPES}.${message}`, (config) => {
    const field = headerField((config as HttpRequestHeaderMatchInput).headerName);
    return {
      kind: 'text',
      get(data) {
        const fields = fieldsOf(data);
        return fields === undefined ? UNDECIDED : field.joined(fields);
      },
    };
  });
}

function statusInput(name: string, message: string, textOf: (status: number) => string | undefined): Extension<never, unknown> {
  return input(`envoy.matching.inputs.${name}`, `${TYPES}.${message}`, () => ({
    kind: 'text',
    get({ responseHeaders }) {
      if (responseHeaders === undefined) return UNDECIDED;
      return responseHeaders.status === 0 ? undefined : textOf(responseHeaders.status);
    },
  }));
}

const STATUS_CLASSES: readonly (string | undefined)[] = [undefined, '1xx', '2xx', '3xx', '4xx', '5xx'];

const queryParameterInput = input('query_params', `${TYPES}.HttpRequestQueryParamMatchInput`, (config) => {
  const name = wireText((config as HttpRequestQueryParamMatchInput).queryParam);
  return {
    kind: 'text',
    get({ requestHeaders }) {
      if (requestHeaders === undefined || requestHeaders.path === '') return UNDECIDED;
      return decodedQueryParameter(requestHeaders.path, name);
    },
  };
});

const localReplyInput = input('envoy.matching.inputs.local_reply', `${TYPES}.HttpResponseLocalReplyMatchInput`, () => ({
  kind: 'text',
  get({ info: { responseCodeDetails } }) {
    if (responseCodeDetails === '') return UNDECIDED;
    return responseCodeDetails === 'via_upstream' ? 'false' : 'true';
  },
}));

/** The value itself, as plain JSON. */
const dynamicMetadataInput = input(
  'envoy.matching.inputs.dynamic_metadata',
  'envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput',
  (config) => {
    const { filter, path } = config as DynamicMetadataInput;
    const keys = path.map(({ segment }) => segment.value ?? '');
    return { kind: 'metadata', get: ({ info }) => valueAt(info.metadata?.get(filter), keys) };
  },
);

export const httpInputExtensions: readonly Extension<never, unknown>[] = [
  fieldInput('request_headers', 'HttpRequestHeaderMatchInput', ({ requestHeaders }) => requestHeaders),
  fieldInput('request_trailers', 'HttpRequestTrailerMatchInput', ({ requestTrailers }) => requestTrailers),
  fieldInput('response_headers', 'HttpResponseHeaderMatchInput', ({ responseHeaders }) => responseHeaders),
  fieldInput('response_trailers', 'HttpResponseTrailerMatchInput', ({ responseTrailers }) => responseTrailers),
  queryParameterInput,
  statusInput('status_code_input', 'HttpResponseStatusCodeMatchInput', String),
  statusInput('status_code_class_input', 'HttpResponseStatusCodeClassMatchInput', (status) => STATUS_CLASSES[Math.floor(status / 100)]),
  localReplyInput,
  dynamicMetadataInput,
];
