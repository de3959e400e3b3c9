import type { DataSource } from '../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import { LOCAL_FILES } from '../core/local-file.ts';
import type { ConfigPath } from '../core/problems.ts';
import { wireText, wireTextFromBytes } from '../core/wire-text.ts';
import { PROCESS } from './format/environment.ts';

export interface DataSourceOptions {
  /** 0 = none. */
  readonly limitBytes: number;
  /** For messages about inline data. */
  readonly what: string;
}

/** The bytes of an `envoy.config.core.v3.DataSource` as latin1 text; undefined after reporting why there are none. */
export function compileDataSource(source: DataSource, options: DataSourceOptions, at: ConfigPath, context: CompileContext): string | undefined {
  const { specifier } = source;
  switch (specifier.case) {
    case 'inlineString':
      return withinLimit(wireText(specifier.value), options, at.field('inline_string'), context);
    case 'inlineBytes':
      return withinLimit(wireTextFromBytes(specifier.value), options, at.field('inline_bytes'), context);
    case 'filename': {
      const file = context.service(LOCAL_FILES).read(specifier.value, options.limitBytes);
      if ('error' in file) context.error(at.field('filename'), file.error);
      return 'error' in file ? undefined : wireTextFromBytes(file.bytes);
    }
    case 'environmentVariable': {
      const value = context.service(PROCESS).variable(specifier.value);
      if (value === undefined) context.error(at.field('environment_variable'), `Environment variable doesn't exist: ${specifier.value}`);
      return value === undefined ? undefined : withinLimit(wireText(value), options, at.field('environment_variable'), context);
    }
    default:
      return undefined;
  }
}

function withinLimit(data: string, { limitBytes, what }: DataSourceOptions, at: ConfigPath, context: CompileContext): string | undefined {
  if (limitBytes === 0 || data.length <= limitBytes) return data;
  context.error(at, `${what} size is ${data.length} bytes; maximum is ${limitBytes}`);
  return undefined;
}
