import type { JsonObject } from '@bufbuild/protobuf';
import type { FileAccessLog } from '../../../api/generated/envoy/extensions/access_loggers/file/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { wireText } from '../../../core/wire-text.ts';
import type { AccessLog } from '../../../http/access-log.ts';
import { compileTextFormat, type Format } from '../../../http/format/format.ts';
import { compileJsonFormat } from '../../../http/format/json-format.ts';
import { compileSubstitutionFormat } from '../../../http/format/substitution-format.ts';
import { compileDefaultFormat, openFormattedAccessLog } from '../../../http/formatted-access-log.ts';

export const fileAccessLogExtension: Extension<FileAccessLog, AccessLog | undefined> = {
  name: 'envoy.access_loggers.file',
  category: 'envoy.access_loggers',
  configType: 'envoy.extensions.access_loggers.file.v3.FileAccessLog',
  compile: (config, at, context) => openFormattedAccessLog(compileFormat(config, at, context), config.path, at.field('path'), context),
};

function compileFormat({ accessLogFormat }: FileAccessLog, at: ConfigPath, context: CompileContext): Format | undefined {
  switch (accessLogFormat.case) {
    case 'logFormat':
      return compileSubstitutionFormat(accessLogFormat.value, at.field('log_format'), context);
    case 'jsonFormat':
      return compileJsonFormat(accessLogFormat.value as JsonObject, false, at.field('json_format'), context);
    case 'typedJsonFormat':
      return compileJsonFormat(accessLogFormat.value as JsonObject, false, at.field('typed_json_format'), context);
    default: {
      const text = accessLogFormat.value ?? '';
      return text === '' ? compileDefaultFormat(at, context) : compileTextFormat(wireText(text), '-', at.field('format'), context);
    }
  }
}
