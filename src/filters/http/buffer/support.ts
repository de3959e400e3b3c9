import { fields, type SupportTable } from '../../../config/support.ts';

export const bufferSupport: SupportTable = {
  'envoy.extensions.filters.http.buffer.v3.Buffer': fields('max_request_bytes'),
  'envoy.extensions.filters.http.buffer.v3.BufferPerRoute': fields('disabled buffer'),
};
