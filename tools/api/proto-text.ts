/** Prints descriptors as .proto text, without options: enough for another file to import them. */
import { ScalarType, type DescEnum, type DescExtension, type DescField, type DescFile, type DescMessage } from '@bufbuild/protobuf';
import { referencedFiles } from './api-files.ts';

export function protoText(file: DescFile): string {
  const syntax = file.proto.syntax === 'proto3' ? 'proto3' : 'proto2';
  const imports = referencedFiles(file).map((other) => `import "${other.proto.name}";\n`);
  const types = [...file.enums.map(enumText), ...file.messages.map(messageText), ...file.extensions.map(extensionText)];
  return `syntax = "${syntax}";\npackage ${file.proto.package};\n${imports.join('')}${types.join('')}`;
}

function enumText(type: DescEnum): string {
  const values = type.values.map((value) => `${value.name} = ${value.number};\n`);
  const alias = type.proto.options?.allowAlias ? 'option allow_alias = true;\n' : '';
  return `enum ${type.name} {\n${alias}${values.join('')}}\n`;
}

function messageText(type: DescMessage): string {
  const members = type.members.map((member) =>
    member.kind === 'oneof' ? `oneof ${member.name} {\n${member.fields.map(fieldText).join('')}}\n` : label(member) + fieldText(member),
  );
  const nested = [...type.nestedEnums.map(enumText), ...type.nestedMessages.map(messageText), ...type.nestedExtensions.map(extensionText)];
  return `message ${type.name} {\n${nested.join('')}${members.join('')}}\n`;
}

function extensionText(extension: DescExtension): string {
  return `extend .${extension.extendee.typeName} {\n${label(extension)}${fieldText(extension)}}\n`;
}

function label(field: DescField | DescExtension): string {
  if (field.fieldKind === 'list') return 'repeated ';
  if (field.fieldKind === 'map') return '';
  const file = field.kind === 'extension' ? field.file : field.parent.file;
  return file.proto.syntax !== 'proto3' || field.proto.proto3Optional ? 'optional ' : '';
}

function fieldText(field: DescField | DescExtension): string {
  const value = field.message !== undefined ? `.${field.message.typeName}` : typeName(field);
  const type = field.fieldKind === 'map' ? `map<${scalarName(field.mapKey)}, ${value}>` : value;
  return `${type} ${field.name} = ${field.number};\n`;
}

function typeName(field: DescField | DescExtension): string {
  return field.enum !== undefined ? `.${field.enum.typeName}` : scalarName(field.scalar!);
}

function scalarName(scalar: ScalarType): string {
  return ScalarType[scalar].toLowerCase();
}
