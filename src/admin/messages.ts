import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { Address } from '../api/generated/envoy/config/core/v3.ts';
import type { ApiMessages } from '../api/generated/names.ts';
import { create } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';
import type { AdminAddress } from './admin-host.ts';
import { HeldAny } from './held-any.ts';
import { protoJson, type ProtoJsonOptions } from './proto-json.ts';

/** A message of the API, by the name of its type. */
export function make<Name extends keyof ApiMessages>(typeName: Name, init: MessageInitShape<GenMessage<ApiMessages[Name]>>): ApiMessages[Name] {
  return create(schemaOf(typeName), init) as ApiMessages[Name];
}

export function hold<Name extends keyof ApiMessages>(typeName: Name, message: ApiMessages[Name]): HeldAny {
  return new HeldAny(schemaOf(typeName), message);
}

export function messageJson<Name extends keyof ApiMessages>(typeName: Name, message: ApiMessages[Name], options?: ProtoJsonOptions): Generator<string> {
  return protoJson(schemaOf(typeName), message, options);
}

export function addressMessage(address: AdminAddress): Address {
  return make('envoy.config.core.v3.Address', {
    address:
      address.kind === 'pipe'
        ? { case: 'pipe', value: { path: address.host } }
        : { case: 'socketAddress', value: { address: address.host, portSpecifier: { case: 'portValue', value: address.port } } },
  });
}

/** In whole milliseconds. */
export function timestamp(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.floor(ms - seconds * 1000) * 1_000_000 };
}
