import { fields, ignored, refused, type SupportTable } from '../../config/support.ts';

export const formatSupport: SupportTable = {
  'envoy.config.core.v3.SubstitutionFormatString': {
    ...fields('text_format text_format_source json_format omit_empty_values content_type json_format_options'),
    formatters: refused('there are no formatter extensions'),
  },
  'envoy.config.core.v3.JsonFormatOptions': {
    sort_properties: ignored('properties are always sorted'),
  },
  'envoy.config.core.v3.DataSource': fields('inline_string inline_bytes environment_variable'),
};
