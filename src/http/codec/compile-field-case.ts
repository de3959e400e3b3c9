import type { Http1ProtocolOptions } from '../../api/generated/envoy/config/core/v3.ts';
import {
  PreserveCaseFormatterConfig_FormatterTypeOnEnvoyHeaders as OnAdded,
  type PreserveCaseFormatterConfig,
} from '../../api/generated/envoy/extensions/http/header_formatters/preserve_case/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { type FieldCase, LOWER_CASE } from './field-case.ts';

const PRESERVE_CASE = 'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig';

/** `header_key_format` of `Http1ProtocolOptions`, which stand at `at`. */
export function compileFieldCase(options: Http1ProtocolOptions | undefined, at: ConfigPath, context: CompileContext): FieldCase {
  const format = options?.headerKeyFormat?.headerFormat;
  if (format?.case === 'properCaseWords') return { write: 'proper', keep: 'no' };
  if (format?.case !== 'statefulFormatter') return LOWER_CASE;
  const formatterAt = at.field('header_key_format').field('stateful_formatter');
  const { name, typedConfig } = format.value;
  const content = typedConfig === undefined ? undefined : context.unpack(typedConfig, formatterAt.field('typed_config'));
  if (content?.typeName !== PRESERVE_CASE) {
    if (typedConfig === undefined || content !== undefined) {
      context.error(formatterAt, `Didn't find a registered implementation for '${name}' with type URL: '${content?.typeName ?? ''}'`);
    }
    return LOWER_CASE;
  }
  const { formatterTypeOnEnvoyHeaders } = content.message as PreserveCaseFormatterConfig;
  return { write: 'lower', keep: formatterTypeOnEnvoyHeaders === OnAdded.PROPER_CASE ? 'proper' : 'lower' };
}
