import { fields, type SupportTable } from '../../../config/support.ts';

export const streamAccessLogSupport: SupportTable = {
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': fields('log_format'),
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': fields('log_format'),
};
