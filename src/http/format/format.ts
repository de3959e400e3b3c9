import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import type { HeaderMutationContext } from '../route/route.ts';

/** A compiled substitution text. */
export interface Format {
  /** The text for one stream; undefined when an operator has no value. */
  format(context: HeaderMutationContext): string | undefined;
}

/** Compiles text without operators; `%%` stands for a percent sign. Reports everything else. */
export function compileFormat(text: string, at: ConfigPath, context: CompileContext): Format | undefined {
  const unknown = /%(?!%)[^%]*%?/.exec(text.replaceAll('%%', ''));
  if (unknown !== null) {
    context.error(at, `Not supported field in StreamInfo: ${unknown[0].replaceAll('%', '')}`);
    return undefined;
  }
  const literal = wireText(text.replaceAll('%%', '%'));
  return { format: () => literal };
}
