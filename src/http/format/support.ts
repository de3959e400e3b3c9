import { fields, ignored, type SupportTable } from '../../config/support.ts';

export const formatSupport: SupportTable = {
  'envoy.config.core.v3.SubstitutionFormatString': fields('text_format text_format_source json_format omit_empty_values content_type json_format_options formatters'),
  'envoy.config.core.v3.JsonFormatOptions': {
    sort_properties: ignored('properties are always sorted'),
  },
  'envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery': {},
  'envoy.extensions.formatter.metadata.v3.Metadata': {},
};
