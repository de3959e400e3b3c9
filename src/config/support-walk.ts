import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import type { AnyMessage } from '../core/extension.ts';
import { ConfigPath, type Problems } from '../core/problems.ts';
import { valueIfSet } from './field-value.ts';
import { wellKnownKind } from './message-plan.ts';
import { contentOf } from './open-any.ts';
import { PathTrail, type TrailStep } from './path-trail.ts';
import type { FieldSupport, SupportTable } from './support.ts';

/**
 * Refuses every field that is set and that no table supports, at any depth and inside the Anys whose types a table names. An Any of
 * another type is left to the extension registry, which knows what to say about it.
 */
export function checkSupport(schema: DescMessage, message: Message, table: SupportTable, problems: Problems, at = ConfigPath.root): void {
  new SupportWalk(table, problems, at).message(schema, message as Fields);
}

type Fields = Message & Record<string, unknown>;

/** What the walk does with one field of one message type. */
interface FieldVisit {
  readonly field: DescField;
  readonly support: FieldSupport | undefined;
  readonly descend: DescMessage | 'any' | undefined;
}

class SupportWalk {
  readonly #table: SupportTable;
  readonly #problems: Problems;
  readonly #trail: PathTrail;
  readonly #visits = new Map<DescMessage, readonly FieldVisit[]>();

  constructor(table: SupportTable, problems: Problems, root: ConfigPath) {
    this.#table = table;
    this.#problems = problems;
    this.#trail = new PathTrail(root);
  }

  message(desc: DescMessage, message: Fields): void {
    for (const visit of this.#visitsOf(desc)) {
      const value = valueIfSet(visit.field, message);
      if (value === undefined) continue;
      this.#trail.enter(visit.field.name);
      this.#field(visit, value);
      this.#trail.leave();
    }
  }

  /** Fields that need no look, such as supported scalars, are left out. */
  #visitsOf(desc: DescMessage): readonly FieldVisit[] {
    let visits = this.#visits.get(desc);
    if (visits === undefined) {
      const known = this.#table[desc.typeName] ?? {};
      visits = desc.fields
        .map((field) => ({ field, support: known[field.name], descend: descendInto(field) }))
        .filter(({ support, descend }) => support?.status !== 'ignored' && (support?.status !== 'supported' || descend !== undefined));
      this.#visits.set(desc, visits);
    }
    return visits;
  }

  #field({ field, support, descend }: FieldVisit, value: unknown): void {
    if (support === undefined || support.status === 'refused' || support.accepts?.(value, field) === false) {
      const reason = support?.reason === undefined ? '' : ` (${support.reason})`;
      this.#problems.error(this.#trail.here(), `not supported: ${field.name}${reason}`);
      return;
    }
    if (descend === undefined) return;
    switch (field.fieldKind) {
      case 'list':
        (value as unknown[]).forEach((item, index) => this.#item(descend, index, item));
        break;
      case 'map':
        for (const [key, item] of Object.entries(value as object)) this.#item(descend, { key }, item);
        break;
      default:
        this.#descend(descend, value);
    }
  }

  #item(descend: DescMessage | 'any', step: TrailStep, item: unknown): void {
    this.#trail.enter(step);
    this.#descend(descend, item);
    this.#trail.leave();
  }

  #descend(descend: DescMessage | 'any', value: unknown): void {
    if (descend === 'any') this.#any(value as AnyMessage);
    else this.message(descend, value as Fields);
  }

  #any(any: AnyMessage): void {
    const content = contentOf(any);
    if (content === undefined || this.#table[content.typeName] === undefined) return;
    if (content.step !== undefined) this.#trail.enter(content.step);
    this.message(content.schema, content.message as Fields);
    if (content.step !== undefined) this.#trail.leave();
  }
}

function descendInto(field: DescField): DescMessage | 'any' | undefined {
  if (field.message === undefined) return undefined;
  const kind = wellKnownKind(field.message);
  if (kind === 'any') return 'any';
  return kind === 'none' ? field.message : undefined;
}
