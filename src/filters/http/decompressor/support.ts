import { fields, type SupportTable } from '../../../config/support.ts';

const PACKAGE = 'envoy.extensions.filters.http.decompressor.v3';

export const decompressorSupport: SupportTable = {
  [`${PACKAGE}.Decompressor`]: fields('decompressor_library request_direction_config response_direction_config'),
  [`${PACKAGE}.Decompressor.CommonDirectionConfig`]: fields('enabled ignore_no_transform_header'),
  [`${PACKAGE}.Decompressor.RequestDirectionConfig`]: fields('common_config advertise_accept_encoding'),
  [`${PACKAGE}.Decompressor.ResponseDirectionConfig`]: fields('common_config'),
};
