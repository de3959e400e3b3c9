import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { apiTypes, schemaOf } from '../../../src/api/registry.ts';
import type { ApiMessages } from '../../../src/api/generated/names.ts';
import type { CompileContext, ServiceKey } from '../../../src/core/extension.ts';
import { ConfigPath, Problems, formatProblem } from '../../../src/core/problems.ts';
import { emptyRuntime } from '../../../src/core/runtime.ts';

export function message<Name extends keyof ApiMessages>(typeName: Name, json: JsonValue): ApiMessages[Name] {
  return fromJson(schemaOf(typeName), json, { registry: apiTypes }) as ApiMessages[Name];
}

/** Runs a compile step and gives its result with the errors it reported. */
export function compileWith<Result>(
  compile: (at: ConfigPath, context: CompileContext) => Result,
  runtime = emptyRuntime,
): { result: Result; errors: string[]; warnings: string[] } {
  const problems = new Problems();
  const context = {
    error: (at: ConfigPath, text: string) => problems.error(at, text),
    warning: (at: ConfigPath, text: string) => problems.warning(at, text),
    runtime,
    service: ({ otherwise }: ServiceKey<unknown>) => otherwise,
  } as unknown as CompileContext;
  const result = compile(ConfigPath.root, context);
  return { result, errors: problems.errors.map(formatProblem), warnings: problems.warnings.map(formatProblem) };
}
