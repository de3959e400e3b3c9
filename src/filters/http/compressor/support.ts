import { fields, type SupportTable } from '../../../config/support.ts';

const PACKAGE = 'envoy.extensions.filters.http.compressor.v3';

export const compressorSupport: SupportTable = {
  [`${PACKAGE}.Compressor`]: fields(`content_length content_type disable_on_etag_header remove_accept_encoding_header runtime_enabled
    compressor_library request_direction_config response_direction_config choose_first`),
  [`${PACKAGE}.Compressor.CommonDirectionConfig`]: fields('enabled min_content_length content_type content_type_matcher'),
  [`${PACKAGE}.Compressor.RequestDirectionConfig`]: fields('common_config'),
  [`${PACKAGE}.Compressor.ResponseDirectionConfig`]: {
    ...fields('common_config disable_on_etag_header weaken_etag_on_compress remove_accept_encoding_header uncompressible_response_codes status_header_enabled'),
  },
  [`${PACKAGE}.CompressorPerRoute`]: fields('disabled overrides'),
  [`${PACKAGE}.CompressorOverrides`]: fields('response_direction_config compressor_library'),
  [`${PACKAGE}.ResponseDirectionOverrides`]: fields('remove_accept_encoding_header'),
  'envoy.config.core.v3.RuntimeFeatureFlag': fields('default_value runtime_key'),
  'envoy.config.core.v3.TypedExtensionConfig': fields('name typed_config'),
};
