import type { CelValue } from './value.ts';

/** An expression as it was parsed: from text (`parse.ts`), or from a message of Envoy's API (`from-message.ts`). Texts are bytes of the wire. */
export type CelExpression =
  | { readonly kind: 'constant'; readonly value: CelValue }
  | { readonly kind: 'ident'; readonly name: string }
  /** `has(operand.field)` where `test`. */
  | { readonly kind: 'select'; readonly operand: CelExpression; readonly field: string; readonly test: boolean }
  /** Operators are functions with Envoy's names of them: `_==_`. */
  | { readonly kind: 'call'; readonly target: CelExpression | undefined; readonly name: string; readonly args: readonly CelExpression[] }
  | { readonly kind: 'list'; readonly items: readonly CelExpression[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: CelExpression, value: CelExpression])[] }
  | { readonly kind: 'struct'; readonly typeName: string }
  | { readonly kind: 'comprehension' };

/** How deep an expression may be: Envoy's. */
export const MAX_DEPTH = 32;
/** How long its text may be. */
export const MAX_LENGTH = 100_000;

export class CelSyntaxError extends Error {}
