import type { SupportTable } from '../../../config/support.ts';

export const grpcWebSupport: SupportTable = { 'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb': {} };
