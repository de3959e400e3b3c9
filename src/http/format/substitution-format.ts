import type { JsonObject } from '@bufbuild/protobuf';
import type { SubstitutionFormatString } from '../../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import { compileDataSource } from '../data-source.ts';
import { compileTextFormat, type Format } from './format.ts';
import { withFormatters } from './formatters.ts';
import { compileJsonFormat } from './json-format.ts';

/** A format for records and bodies of local replies. */
export interface SubstitutionFormat extends Format {
  /** What it makes, for a body: `content_type`, or what suits the kind of format. */
  readonly contentType: string;
}

/** `envoy.config.core.v3.SubstitutionFormatString`. */
export function compileSubstitutionFormat(message: SubstitutionFormatString, at: ConfigPath, context: CompileContext): SubstitutionFormat | undefined {
  const json = message.format.case === 'jsonFormat';
  const format = compileSource(message, at, withFormatters(message.formatters, at.field('formatters'), context));
  if (format === undefined) return undefined;
  const contentType = message.contentType !== '' ? message.contentType : json ? 'application/json' : 'text/plain';
  return { contentType: wireText(contentType), format: (stream) => format.format(stream) };
}

function compileSource({ format, omitEmptyValues }: SubstitutionFormatString, at: ConfigPath, context: CompileContext): Format | undefined {
  const absent = omitEmptyValues ? '' : '-';
  switch (format.case) {
    case 'textFormat':
      return compileTextFormat(wireText(format.value), absent, at.field('text_format'), context);
    case 'textFormatSource': {
      const text = compileDataSource(format.value, NO_LIMIT, at.field('text_format_source'), context);
      return text === undefined ? undefined : compileTextFormat(text, absent, at.field('text_format_source'), context);
    }
    case 'jsonFormat':
      return compileJsonFormat(format.value as JsonObject, omitEmptyValues, at.field('json_format'), context);
    default:
      context.error(at, 'a format is needed: text_format_source or json_format');
      return undefined;
  }
}

const NO_LIMIT = { limitBytes: 0, what: 'format' };
