import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { schemaOf } from '../../../../src/api/registry.ts';
import type { Http2ProtocolOptions } from '../../../../src/api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../../../src/core/extension.ts';
import { ConfigPath, formatProblem, Problems } from '../../../../src/core/problems.ts';
import { checkCustomSettings, customSettingsOf } from '../../../../src/http/codec/h2/custom-settings.ts';
import { PREFACE, ServerRig } from './h2-rig.ts';

type Pair = readonly [identifier: number, value: number];

function messageOf(pairs: readonly Pair[], more: Record<string, JsonValue> = {}): Http2ProtocolOptions {
  const customSettingsParameters = pairs.map(([identifier, value]) => ({ identifier, value }));
  return fromJson(schemaOf('envoy.config.core.v3.Http2ProtocolOptions'), { customSettingsParameters, ...more }) as unknown as Http2ProtocolOptions;
}

function errorsOf(pairs: readonly Pair[], more?: Record<string, JsonValue>): string[] {
  const problems = new Problems();
  checkCustomSettings(messageOf(pairs, more), ConfigPath.root, { error: (at: ConfigPath, text: string) => problems.error(at, text) } as CompileContext);
  return problems.errors.map(formatProblem);
}

test('custom settings are announced before the named ones, each once', () => {
  const rig = new ServerRig({ customSettings: customSettingsOf(messageOf([[1000, 7], [65535, 4294967295], [1000, 7]])) });
  rig.connection.receive(PREFACE);
  expect(rig.frames()[0]).toMatch(/^4\/0#0 03e800000007ffffffffffff0001/);
});

describe('refused is', () => {
  test.each<[string, readonly Pair[], Record<string, JsonValue>, string]>([
    ['a push', [[2, 1]], {}, 'custom_settings_parameters[0]: server push is not supported by Envoy and can not be enabled via a SETTINGS parameter.'],
    ['extended CONNECT', [[9, 1], [8, 1]], {}, 'custom_settings_parameters[1]: the "allow_connect" SETTINGS parameter must only be configured through the named field'],
    ['two values of one setting', [[1000, 1], [1000, 2]], {}, 'custom_settings_parameters: inconsistent HTTP/2 custom SETTINGS parameter(s) detected; identifiers = {0x3e8}'],
    [
      'what has a name of its own as well',
      [[3, 7], [4, 7]],
      { maxConcurrentStreams: 7, initialStreamWindowSize: 65_535 },
      'custom_settings_parameters: the {max_concurrent_streams,initial_stream_window_size} HTTP/2 SETTINGS parameter(s) can not be configured through both named and custom parameters',
    ],
    ['a table of another size', [[1, 0]], {}, 'custom_settings_parameters[0]: not supported: a table that shrinks and grows again at the start; use hpack_table_size'],
    ['a window that is none', [[4, 2 ** 31]], {}, 'custom_settings_parameters[0]: not supported: a window of more than 2147483647 bytes, which peers take for an error'],
    ['a frame size that is not read', [[5, 32_768]], {}, 'custom_settings_parameters[0]: not supported: frames of another size than 16384 bytes'],
  ])('%s', (_name, pairs, more, error) => {
    expect(errorsOf(pairs, more)).toEqual([error]);
  });

  test('nothing else', () => {
    expect(errorsOf([[0, 1], [2, 0], [3, 4], [4, 5], [5, 16_384], [6, 7], [65_535, 4_294_967_295]])).toEqual([]);
  });
});
