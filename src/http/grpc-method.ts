/** `/service/method`, however many slashes stand between, as Envoy reads it. */
const SERVICE_AND_METHOD = /^\/*([^/?]+)\/+([^/?]+)\/*(?:\?|$)/;

/** Which gRPC method a path names. */
export function grpcMethodOf(path: string): { readonly service: string; readonly method: string } | undefined {
  const parts = SERVICE_AND_METHOD.exec(path);
  return parts === null ? undefined : { service: parts[1]!, method: parts[2]! };
}
