import { fields, type SupportTable } from '../../../config/support.ts';

export const fileAccessLogSupport: SupportTable = {
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': fields('path format json_format typed_json_format log_format'),
};
