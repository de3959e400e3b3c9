import type { Http2ProtocolOptions } from '../../../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { MAX_FRAME_BYTES, MAX_WINDOW_BYTES, Setting } from './frame.ts';

/** `custom_settings_parameters`: announced as they are, before the named ones. */
export type CustomSettings = readonly (readonly [identifier: number, value: number])[];

/** Each identifier once. */
export function customSettingsOf(http2: Http2ProtocolOptions | undefined): CustomSettings {
  return [...new Map(http2?.customSettingsParameters.map(({ identifier = 0, value = 0 }) => [identifier, value]))];
}

/** Reports what cannot be announced. */
export function checkCustomSettings(http2: Http2ProtocolOptions | undefined, at: ConfigPath, context: CompileContext): void {
  if (http2 === undefined) return;
  const customAt = at.field('custom_settings_parameters');
  const values = new Map<number, number>();
  const inconsistent = new Set<number>();
  http2.customSettingsParameters.forEach(({ identifier = 0, value = 0 }, index) => {
    const problem = problemOf(identifier, value);
    if (problem !== undefined) context.error(customAt.index(index), problem);
    if ((values.get(identifier) ?? value) !== value) inconsistent.add(identifier);
    values.set(identifier, value);
  });
  if (inconsistent.size > 0) {
    const identifiers = [...inconsistent].map((identifier) => `0x${identifier.toString(16)}`);
    context.error(customAt, `inconsistent HTTP/2 custom SETTINGS parameter(s) detected; identifiers = {${identifiers.join(',')}}`);
  }
  const named = [...values.keys()].flatMap((identifier) => namedAs(identifier, http2) ?? []);
  if (named.length > 0) context.error(customAt, `the {${named.join(',')}} HTTP/2 SETTINGS parameter(s) can not be configured through both named and custom parameters`);
}

function problemOf(identifier: number, value: number): string | undefined {
  switch (identifier) {
    case Setting.enablePush:
      return value === 0 ? undefined : 'server push is not supported by Envoy and can not be enabled via a SETTINGS parameter.';
    case Setting.headerTableSize:
      return 'not supported: a table that shrinks and grows again at the start; use hpack_table_size';
    case Setting.enableConnectProtocol:
      return 'the "allow_connect" SETTINGS parameter must only be configured through the named field';
    case Setting.initialWindowSize:
      return value <= MAX_WINDOW_BYTES ? undefined : `not supported: a window of more than ${MAX_WINDOW_BYTES} bytes, which peers take for an error`;
    case Setting.maxFrameSize:
      return value === MAX_FRAME_BYTES ? undefined : `not supported: frames of another size than ${MAX_FRAME_BYTES} bytes`;
    default:
      return undefined;
  }
}

/** The field that configures the same setting, when it is given. */
function namedAs(identifier: number, { hpackTableSize, maxConcurrentStreams, initialStreamWindowSize }: Http2ProtocolOptions): string | undefined {
  if (identifier === Setting.headerTableSize && hpackTableSize !== undefined) return 'hpack_table_size';
  if (identifier === Setting.maxConcurrentStreams && maxConcurrentStreams !== undefined) return 'max_concurrent_streams';
  return identifier === Setting.initialWindowSize && initialStreamWindowSize !== undefined ? 'initial_stream_window_size' : undefined;
}
