import type { HeaderMap } from './header-map.ts';
import { H } from './header-name.ts';

/** Of a grpc-status that is no number. */
const INVALID_GRPC_STATUS = -1;

/** `grpc-status` for an HTTP status (envoy: Grpc::Utility::httpToGrpcStatus). */
export function grpcStatusOf(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/** A call has a path, which CONNECT lacks. */
export function isGrpcRequest(headers: HeaderMap): boolean {
  return headers.path !== '' && hasGrpcType(headers);
}

export function hasGrpcType(headers: HeaderMap): boolean {
  const type = headers.get(H.contentType);
  if (type === undefined || !type.startsWith('application/grpc')) return false;
  return type.length === 16 || type.charCodeAt(16) === 0x2b;
}

/** What a response says, else what its HTTP status means to gRPC; undefined while there is no response. */
export function grpcStatusOfResponse(headers: HeaderMap | undefined, trailers: HeaderMap | undefined, httpStatus: number): number | undefined {
  const said = trailers?.get(H.grpcStatus) ?? headers?.get(H.grpcStatus);
  if (said !== undefined) return /^\d{1,10}$/.test(said) ? Number(said) : INVALID_GRPC_STATUS;
  return httpStatus === 0 ? undefined : grpcStatusOf(httpStatus);
}
