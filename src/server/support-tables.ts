import { clusterSupport } from '../cluster/support.ts';
import { mergeSupport, type SupportTable } from '../config/support.ts';
import { fileAccessLogSupport } from '../filters/access-log/file/support.ts';
import { streamAccessLogSupport } from '../filters/access-log/stream/support.ts';
import { bufferSupport } from '../filters/http/buffer/support.ts';
import { corsSupport } from '../filters/http/cors/support.ts';
import { faultSupport } from '../filters/http/fault/support.ts';
import { headerMutationSupport } from '../filters/http/header-mutation/support.ts';
import { healthCheckSupport } from '../filters/http/health-check/support.ts';
import { localRateLimitSupport } from '../filters/http/local-ratelimit/support.ts';
import { grpcStatsSupport } from '../filters/http/grpc-stats/support.ts';
import { setFilterStateSupport } from '../filters/http/set-filter-state/support.ts';
import { setMetadataSupport } from '../filters/http/set-metadata/support.ts';
import { compressorSupport } from '../filters/http/compressor/support.ts';
import { decompressorSupport } from '../filters/http/decompressor/support.ts';
import { grpcWebSupport } from '../filters/http/grpc-web/support.ts';
import { routerSupport } from '../filters/http/router/support.ts';
import { httpConnectionManagerSupport } from '../filters/network/http-connection-manager/support.ts';
import { accessLogFilterSupport } from '../http/access-log-filter/support.ts';
import { celSupport } from '../http/cel/support.ts';
import { compressionSupport } from '../http/compression/support.ts';
import { formatSupport } from '../http/format/support.ts';
import { rateLimitSupport } from '../http/rate-limit/support.ts';
import { routeSupport } from '../http/route/support.ts';
import { tlsSupport } from '../tls/support.ts';
import { matchingSupport } from '../http/matching/support.ts';
import { rbacSupport } from '../http/rbac/support.ts';
import { listenerSupport } from '../listener/support.ts';
import { bootstrapSupport } from './bootstrap-support.ts';

/** Every room's table. */
export const SUPPORT_TABLES: readonly SupportTable[] = [
  bootstrapSupport,
  listenerSupport,
  matchingSupport,
  rbacSupport,
  routeSupport,
  clusterSupport,
  httpConnectionManagerSupport,
  bufferSupport,
  corsSupport,
  faultSupport,
  headerMutationSupport,
  healthCheckSupport,
  localRateLimitSupport,
  rateLimitSupport,
  setFilterStateSupport,
  setMetadataSupport,
  compressorSupport,
  decompressorSupport,
  grpcStatsSupport,
  grpcWebSupport,
  compressionSupport,
  routerSupport,
  accessLogFilterSupport,
  celSupport,
  fileAccessLogSupport,
  streamAccessLogSupport,
  formatSupport,
  tlsSupport,
];

let merged: SupportTable | undefined;

/** What this program does with each field of Envoy's API. */
export function supportTable(): SupportTable {
  return (merged ??= mergeSupport(SUPPORT_TABLES));
}
