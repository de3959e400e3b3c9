import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt/google/protobuf/any_pb.js';
import { fieldRules, isRequired, skipsValidation, type FieldRules } from '../api/annotations.ts';
import type { ConfigPath, Problems } from '../core/problems.ts';
import type { UnknownFieldPolicy } from './decode.ts';
import { deprecationSteps } from './deprecation.ts';
import { openAny } from './open-any.ts';
import { wellKnownKind } from './message-plan.ts';
import { PathTrail, type TrailStep } from './path-trail.ts';
import { refuseOthers, valueChecks, type RuleCheck } from './rule-checks.ts';

/**
 * Checks a message against the `(validate.rules)` of its type and of everything in it, including what its Anys hold, and against
 * the API's life cycle (deprecated, refused by default, unknown). Every violation is reported, with its path and in Envoy's words.
 *
 * The rules of a message type become closures when the type is first met.
 */

export interface ValidateOptions {
  readonly problems: Problems;
  /** Where the message stands in what people know; the root by default. */
  readonly at?: ConfigPath | undefined;
  /** What to do with fields that the API does not have; matters for messages that came as bytes. */
  readonly unknownFields?: UnknownFieldPolicy | undefined;
  /** Envoy's runtime overrides `envoy.deprecated_features:<name>` and `envoy.features.enable_all_deprecated_features`. */
  readonly allowsDeprecated?: ((name: string) => boolean) | undefined;
  /** `--skip-deprecated-logs`: what is deprecated and allowed is counted and not warned of. */
  readonly skipDeprecatedLogs?: boolean | undefined;
}

export interface Validated {
  /** How many fields were not known, for `*_unknown_fields`. */
  readonly unknownFields: number;
  /** How many deprecated fields and values were in use, for `runtime.deprecated_feature_use`. */
  readonly deprecatedUses: number;
}

export function validateMessage(schema: DescMessage, message: Message, options: ValidateOptions): Validated {
  const visit = new Visit(options);
  visit.message(schema, message as Fields);
  return visit;
}

export type Fields = Message & Record<string, unknown>;
export type Step = (message: Fields, visit: Visit) => void;

/** One walk over one message: where it is, and what it found. */
export class Visit implements Validated {
  unknownFields = 0;
  deprecatedUses = 0;
  readonly #options: ValidateOptions;
  readonly #trail: PathTrail;
  /** Features that were warned of already: once is enough for ten thousand clusters. */
  readonly #warned = new Set<string>();

  constructor(options: ValidateOptions) {
    this.#options = options;
    this.#trail = new PathTrail(options.at);
  }

  message(desc: DescMessage, message: Fields): void {
    if (message.$unknown !== undefined && message.$unknown.length > 0) this.#unknown(desc, message);
    const steps = stepsOf(desc);
    for (let index = 0; index < steps.length; index++) steps[index]!(message, this);
  }

  enter(step: TrailStep): void {
    this.#trail.enter(step);
  }

  leave(): void {
    this.#trail.leave();
  }

  /** `remedy` is what to do about it, where the sentence does not say that. */
  violation(text: string, remedy = ''): void {
    if (this.#options.problems.full) return;
    this.#options.problems.error(this.#trail.here(), `Proto constraint validation failed (${text})${remedy}`);
  }

  /** Warns of the use of a feature that goes away, or refuses it. */
  deprecated(feature: string, text: string, refusedByDefault: boolean): void {
    this.deprecatedUses++;
    const allowed = !refusedByDefault || this.#options.allowsDeprecated?.(feature) === true;
    if (!allowed) {
      this.#options.problems.error(this.#trail.here(), `${text} It is refused unless the runtime sets envoy.deprecated_features:${feature}.`);
      return;
    }
    if (this.#options.skipDeprecatedLogs !== true) this.warnOnce(feature, text);
  }

  warnOnce(feature: string, text: string): void {
    if (this.#warned.has(feature)) return;
    this.#warned.add(feature);
    this.#options.problems.warning(this.#trail.here(), text);
  }

  /** Goes on inside an Any; its path is the Any's own, as the text has no step between them. */
  any(any: Any): void {
    const content = openAny(any, { problems: this.#options.problems, at: () => this.#trail.here(), unknownFields: this.#options.unknownFields });
    if (content === undefined) return;
    if (content.step !== undefined) this.enter(content.step);
    if (content.schema.typeName === 'google.protobuf.Any') this.any(content.message as Any);
    else this.message(content.schema, content.message as Fields);
    if (content.step !== undefined) this.leave();
  }

  #unknown(desc: DescMessage, message: Fields): void {
    const numbers = [...new Set(message.$unknown!.map((field) => field.no))];
    this.unknownFields += numbers.length;
    const policy = this.#options.unknownFields ?? 'error';
    if (policy === 'ignore') return;
    const text = `Protobuf message (type ${desc.typeName} with unknown field set {${numbers.join(', ')}}) has unknown fields`;
    if (policy === 'error') this.#options.problems.error(this.#trail.here(), text);
    else this.#options.problems.warning(this.#trail.here(), text);
  }
}

const compiled = new WeakMap<DescMessage, Step[]>();

function stepsOf(desc: DescMessage): Step[] {
  let steps = compiled.get(desc);
  if (steps === undefined) compiled.set(desc, (steps = compileMessage(desc)));
  return steps;
}

function compileMessage(desc: DescMessage): Step[] {
  const steps: Step[] = [...deprecationSteps(desc)];
  const rulesApply = !skipsValidation(desc);
  for (const oneof of rulesApply ? desc.oneofs : []) {
    if (!isRequired(oneof)) continue;
    const { localName, name, fields } = oneof;
    const choice = `; set one of ${fields.map((field) => `'${field.name}'`).join(', ')}`;
    steps.push((message, visit) => {
      if ((message[localName] as { case?: string }).case === undefined) visit.violation(`field: "${name}", reason: is required`, choice);
    });
  }
  for (const field of desc.fields) {
    const step = compileField(field, rulesApply ? fieldRules(field) : undefined);
    if (step !== undefined) steps.push(step);
  }
  return steps;
}

/** `ClusterValidationError.ConnectTimeout`. */
function ruleName(field: DescField): string {
  const upper = field.name.replace(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  return `${field.parent.name}ValidationError.${upper}`;
}

function compileField(field: DescField, rules: FieldRules | undefined): Step | undefined {
  switch (field.fieldKind) {
    case 'list':
      return compileList(field, rules);
    case 'map':
      return compileMap(field, rules);
    default:
      return compileSingular(field, rules);
  }
}

/** Looks at one value; the label names it in a sentence. */
type ValueStep = (value: unknown, visit: Visit, label: string) => void;

function compileSingular(field: DescField, rules: FieldRules | undefined): Step | undefined {
  const { localName, name } = field;
  const group = field.oneof?.localName;
  const label = ruleName(field);
  // A oneof's case that is not set is absent by choice; `required` says something about plain fields only.
  const required = group === undefined && isRequiredField(rules);
  const look = compileValue(field, rules, true);
  if (look === undefined && !required) return undefined;
  return (message, visit) => {
    let value: unknown;
    if (group === undefined) value = message[localName];
    else {
      const chosen = message[group] as { case?: string; value?: unknown };
      if (chosen.case === localName) value = chosen.value;
    }
    if (value === undefined) {
      if (!required) return;
      visit.enter(name);
      visit.violation(`${label}: value is required`);
      visit.leave();
      return;
    }
    if (look === undefined) return;
    visit.enter(name);
    look(value, visit, label);
    visit.leave();
  };
}

function isRequiredField(rules: FieldRules | undefined): boolean {
  return [rules?.message, rules?.duration, rules?.timestamp, rules?.any].some((kind) => kind?.required === true);
}

function compileValue(field: DescField, rules: FieldRules | undefined, singular: boolean): ValueStep | undefined {
  const checks = rules === undefined ? [] : valueChecks(rules, field.enum);
  const test = compileChecks(checks, field.message !== undefined && wellKnownKind(field.message) === 'wrapper' && !isBare(field, singular));
  const descend = field.message === undefined || rules?.message?.skip === true ? undefined : compileDescent(field.message);
  if (test === undefined || descend === undefined) return test ?? descend;
  return (value, visit, label) => {
    test(value, visit, label);
    descend(value, visit, label);
  };
}

/** Whether a wrapper stands there as its bare value. */
function isBare(field: DescField, singular: boolean): boolean {
  return singular && field.oneof === undefined;
}

function compileChecks(checks: readonly RuleCheck[], wrapped: boolean): ValueStep | undefined {
  if (checks.length === 0) return undefined;
  return (value, visit, label) => {
    const checked = (wrapped ? (value as { value: unknown }).value : value) as never;
    for (let index = 0; index < checks.length; index++) {
      const check = checks[index]!;
      if (!check.passes(checked)) visit.violation(`${label}: ${check.text}`);
    }
  };
}

function compileDescent(desc: DescMessage): ValueStep | undefined {
  switch (wellKnownKind(desc)) {
    case 'any':
      return (value, visit) => visit.any(value as Any);
    case 'none':
      return (value, visit) => visit.message(desc, value as Fields);
    default:
      return undefined;
  }
}

function compileList(field: DescField, rules: FieldRules | undefined): Step | undefined {
  const { localName, name } = field;
  const { minItems, maxItems, unique, items, ...others } = rules?.repeated ?? {};
  refuseOthers(others, []);
  const label = ruleName(field);
  const countText = countRule(minItems, maxItems, 'item');
  const look = compileValue(field, items, false);
  if (countText === undefined && unique !== true && look === undefined) return undefined;
  return (message, visit) => {
    const list = message[localName] as unknown[];
    if (list.length === 0 && countText === undefined) return;
    visit.enter(name);
    if (countText !== undefined && isOutside(list.length, minItems, maxItems)) visit.violation(`${label}: ${countText}`);
    const seen = unique === true ? new Set<unknown>() : undefined;
    for (let index = 0; index < list.length; index++) {
      visit.enter(index);
      if (seen?.has(list[index])) visit.violation(`${label}[${index}]: repeated value must contain unique items`);
      seen?.add(list[index]);
      look?.(list[index], visit, `${label}[${index}]`);
      visit.leave();
    }
    visit.leave();
  };
}

function compileMap(field: DescField, rules: FieldRules | undefined): Step | undefined {
  const { localName, name } = field;
  const { minPairs, keys, values, ...others } = rules?.map ?? {};
  refuseOthers(others, []);
  const label = ruleName(field);
  const countText = countRule(minPairs, undefined, 'pair');
  const lookAtKey = compileChecks(keys === undefined ? [] : valueChecks(keys, undefined), false);
  const look = compileValue(field, values, false);
  if (countText === undefined && lookAtKey === undefined && look === undefined) return undefined;
  return (message, visit) => {
    const entries = message[localName] as Record<string, unknown>;
    const names = Object.keys(entries);
    if (names.length === 0 && countText === undefined) return;
    visit.enter(name);
    if (countText !== undefined && isOutside(names.length, minPairs, undefined)) visit.violation(`${label}: ${countText}`);
    for (const key of names) {
      visit.enter({ key });
      lookAtKey?.(key, visit, `${label}[${key}]`);
      look?.(entries[key], visit, `${label}[${key}]`);
      visit.leave();
    }
    visit.leave();
  };
}

function isOutside(count: number, least: number | undefined, most: number | undefined): boolean {
  return (least !== undefined && count < least) || (most !== undefined && count > most);
}

function countRule(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  if (least === undefined && most === undefined) return undefined;
  if (least === most) return `value must contain exactly ${least} ${unit}(s)`;
  if (least === undefined) return `value must contain no more than ${most} ${unit}(s)`;
  if (most === undefined) return `value must contain at least ${least} ${unit}(s)`;
  return `value must contain between ${least} and ${most} ${unit}s, inclusive`;
}
