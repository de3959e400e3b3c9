import { dirname } from 'node:path';
import type { GenericSecret as FormatterMessage } from '../api/generated/envoy/extensions/formatter/generic_secret/v3.ts';
import type { SdsSecretConfig } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { CompileContext, Extension } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { wireTextFromBytes } from '../core/wire-text.ts';
import { type Operator, type OperatorArguments, textOperator } from '../http/format/operator.ts';
import type { FormatterCommands } from '../http/format/template.ts';
import { type Reloadable, readMaterial, TLS_MATERIAL } from './material.ts';
import { NamedSecrets } from './named-secrets.ts';

/** Operators whose values come from files and secrets, and change with them. */

export const fileContentFormatterExtension: Extension<unknown, FormatterCommands> = {
  name: 'envoy.formatter.file_content',
  category: 'envoy.formatter',
  configType: 'envoy.extensions.formatter.file_content.v3.FileContent',
  compile: () => ({ FILE_CONTENT: compileFileContent }),
};

/** `%FILE_CONTENT(path:watched directory):Z%`. */
function compileFileContent({ params, length }: OperatorArguments, context: CompileContext): Operator | string {
  const [path = '', directory = '', ...more] = params.split(':');
  if (path === '' || more.length > 0) return `FILE_CONTENT: expected format 'path' or 'path:watch_directory', got '${params}'`;
  const material = context.service(TLS_MATERIAL);
  const read = (): string | undefined => {
    const file = material.readFile(path);
    return 'error' in file ? undefined : wireTextFromBytes(file.bytes);
  };
  const content = read();
  if (content === undefined) return `Invalid path: ${path}`;
  material.watch(directory === '' ? dirname(path) : directory);
  return renewedText({ read, sources: [] }, length, context);
}

export const genericSecretFormatterExtension: Extension<FormatterMessage, FormatterCommands> = {
  name: 'envoy.formatter.generic_secret',
  category: 'envoy.formatter',
  configType: 'envoy.extensions.formatter.generic_secret.v3.GenericSecret',
  compile(message, at, context) {
    const secrets = new Map(Object.entries(message.secretConfigs).map(([name, config]) => [name, namedText(config, at, context)]));
    return {
      SECRET({ params, length }) {
        const named = secrets.get(params);
        return named === undefined ? `envoy.formatter.generic_secret: secret '${params}' is not configured in secret_configs` : renewedText(named, length, context);
      },
    };
  },
};

interface TextSource {
  /** Undefined when there is none now. */
  read(): string | undefined;
  readonly sources: readonly string[];
}

function namedText(config: SdsSecretConfig, at: ConfigPath, context: CompileContext): TextSource {
  if (config.sdsConfig === undefined && context.service(TLS_MATERIAL).secret('genericSecret', config.name) === undefined) {
    context.error(at, `envoy.formatter.generic_secret: secret '${config.name}' not found in static bootstrap resources`);
    return { read: () => '', sources: [] };
  }
  const secrets = new NamedSecrets(context);
  const read = (): string | undefined => readMaterial(secrets.find(config, 'genericSecret', at)?.secret, at, context)?.bytes.toString('latin1');
  return { read, sources: secrets.sources };
}

/** What cannot be read again stays; what has not come is empty. */
function renewedText({ read, sources }: TextSource, length: number, context: CompileContext): Operator {
  let text = '';
  const operator: Operator & Reloadable = {
    ...textOperator(() => text),
    sources,
    reload: () => {
      text = read()?.substring(0, length) ?? text;
      return [];
    },
  };
  operator.reload();
  context.service(TLS_MATERIAL).register(operator);
  return operator;
}
