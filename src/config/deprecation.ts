import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { deprecationOf, isWorkInProgress } from '../api/annotations.ts';
import { valueIfSet } from './field-value.ts';
import type { Step } from './validate.ts';

/**
 * Envoy's life cycle of fields and enum values: work in progress (a warning), deprecated (a warning), refused by default (an error
 * unless the runtime allows it).
 */
export function deprecationSteps(desc: DescMessage): Step[] {
  const steps: Step[] = [];
  const file = desc.file.proto.name.split('/').at(-1)!;
  if (isWorkInProgress(desc) || isWorkInProgress(desc.file)) {
    const text = `'${desc.typeName}' is marked as work-in-progress: not stable, not covered by the threat model.`;
    steps.push((_message, visit) => visit.warnOnce(desc.typeName, text));
  }
  for (const field of desc.fields) {
    if (isWorkInProgress(field)) {
      const text = `field '${fullName(field)}' is marked as work-in-progress: not stable, not covered by the threat model.`;
      steps.push(whenSet(field, (visit) => visit.warnOnce(fullName(field), text)));
    }
    const { deprecated, disallowedByDefault } = deprecationOf(field);
    if (deprecated) {
      const text = `Using deprecated option '${fullName(field)}' from file ${file}. This configuration will be removed from Envoy soon.`;
      steps.push(whenSet(field, (visit) => visit.deprecated(fullName(field), text, disallowedByDefault)));
    }
    if (field.fieldKind === 'enum') steps.push(...enumStep(field, file));
  }
  return steps;
}

function fullName(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}

function whenSet(field: DescField, act: (visit: Parameters<Step>[1]) => void): Step {
  return (message, visit) => {
    if (valueIfSet(field, message) === undefined) return;
    visit.enter(field.name);
    act(visit);
    visit.leave();
  };
}

/** A deprecated zero value is in use also where nobody wrote it. */
function enumStep(field: DescField & { fieldKind: 'enum'; enum: DescEnum }, file: string): Step[] {
  const outgoing = new Map<number, { name: string; refused: boolean }>();
  for (const value of field.enum.values) {
    const { deprecated, disallowedByDefault } = deprecationOf(value);
    if (deprecated) outgoing.set(value.number, { name: value.name, refused: disallowedByDefault });
  }
  if (outgoing.size === 0) return [];
  const { localName, name } = field;
  const group = field.oneof?.localName;
  return [
    (message, visit) => {
      const chosen = group === undefined ? undefined : (message[group] as { case?: string; value?: unknown });
      const number = chosen === undefined ? message[localName] : chosen.case === localName ? chosen.value : 0;
      const value = outgoing.get(number as number);
      if (value === undefined) return;
      const byDefault = number === 0 ? 'the default now-' : '';
      const remedy = number === 0 ? ' so a non-default value must now be explicitly set' : '';
      const text = `Using ${byDefault}deprecated value ${value.name} for enum '${fullName(field)}' from file ${file}. This enum value will be removed from Envoy soon${remedy}.`;
      visit.enter(name);
      visit.deprecated(`${field.enum.typeName}.${value.name}`, text, value.refused);
      visit.leave();
    },
  ];
}
