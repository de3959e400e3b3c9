import type { DescMessage, Message } from '@bufbuild/protobuf';
import { decodeMessage } from '../api/decode.ts';
import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import { apiTypes, schemaOf } from '../api/registry.ts';
import type { AnyMessage } from '../core/extension.ts';
import { Problems, type ConfigPath } from '../core/problems.ts';
import { decodeText, formatOfPath, readConfigFile, type ConfigFormat } from './config-file.ts';
import { decodeTree, type Decoded, type UnknownFieldPolicy } from './decode.ts';
import { ConfigDocument, MergedDocuments, type Locator } from './document.ts';
import { mergeMessage } from './merge.ts';
import { openAny } from './open-any.ts';
import { SourceText } from './source.ts';
import { allowsDeprecatedByLayers } from './static-runtime.ts';
import { UnreadPaths } from './unread-paths.ts';
import { validateMessage, type Validated } from './validate.ts';

/**
 * From bytes to a decoded, validated message. The bootstrap, files of resources, single resources and dumps all come this way.
 */

export interface LoadOptions {
  /** Envoy's default is `error` for static configuration and `warn` for resources from a control plane. */
  readonly unknownFieldPolicy?: UnknownFieldPolicy | undefined;
  /** Runtime overrides for deprecated fields, by full name. */
  readonly allowsDeprecated?: ((name: string) => boolean) | undefined;
  /** What is deprecated and allowed is counted and not warned of. */
  readonly skipDeprecatedLogs?: boolean | undefined;
}

export interface Loaded<Config extends Message = Message> {
  /** Present when it could be decoded; to be used only when `problems.ok`. */
  readonly message: Config | undefined;
  /** Knows where paths stand: later stages may add theirs to the same collector. */
  readonly problems: Problems;
  /** The texts it came from, for positions and for watching. */
  readonly sources: readonly ConfigDocument[];
  readonly unknownFields: number;
  readonly deprecatedUses: number;
}

export interface BootstrapOptions extends LoadOptions {
  /** `-c`. */
  readonly path?: string | undefined;
  /** `--config-yaml`, merged over the file. */
  readonly yaml?: string | undefined;
  /** What a program hands over in place of both. */
  readonly given?: ConfigContent | undefined;
}

export function loadBootstrap(options: BootstrapOptions): Loaded<Bootstrap> {
  const schema = schemaOf('envoy.config.bootstrap.v3.Bootstrap');
  const parts: Part[] = [];
  if (options.path !== undefined && options.path !== '') parts.push(readPart(schema, options.path));
  if (options.yaml !== undefined && options.yaml !== '') parts.push(textPart(schema, '--config-yaml', options.yaml, 'yaml'));
  if (options.given !== undefined) parts.push(contentPart(schema, options.given));
  if (parts.length === 0) {
    parts.push({ name: '', fault: 'At least one of --config-path or --config-yaml or Options::configProto() should be non-empty' });
  }
  return load(schema, parts, options, (message) => allowsDeprecatedByLayers(message as Bootstrap)) as Loaded<Bootstrap>;
}

/** Reads a file as a message of the given type; its extension tells the format. */
export function loadFile(schema: DescMessage, path: string, options: LoadOptions = {}): Loaded {
  return load(schema, [readPart(schema, path)], options);
}

export interface ConfigContent {
  /** What problems call it. */
  readonly name: string;
  readonly content: Uint8Array | string;
  readonly format: ConfigFormat;
}

export function loadContent(schema: DescMessage, input: ConfigContent, options: LoadOptions = {}): Loaded {
  return load(schema, [contentPart(schema, input)], options);
}

/**
 * A resource as a control plane sends it: what the Any holds, checked to be of the given type and validated. `at` is where it stands
 * in what people know, such as the resource's name; bytes have no positions.
 */
export function loadResource(schema: DescMessage, resource: AnyMessage, at: ConfigPath, options: LoadOptions = {}): Loaded {
  const problems = new Problems();
  const { unknownFieldPolicy: unknownFields, allowsDeprecated, skipDeprecatedLogs } = options;
  const content = openAny(resource, { problems, at: () => at, unknownFields });
  if (content === undefined || content.schema.typeName !== schema.typeName) {
    if (problems.ok) problems.error(at, `Unable to unpack as ${schema.typeName}: the resource is of type ${resource.typeUrl}`);
    return { message: undefined, problems, sources: [], unknownFields: 0, deprecatedUses: 0 };
  }
  const validated = validateMessage(schema, content.message, { problems, at, unknownFields, allowsDeprecated, skipDeprecatedLogs });
  return { message: content.message, problems, sources: [], ...counts(validated) };
}

function counts({ unknownFields, deprecatedUses }: Validated): Pick<Loaded, 'unknownFields' | 'deprecatedUses'> {
  return { unknownFields, deprecatedUses };
}

/** One text or one run of bytes, as far as it could be read. */
interface Part {
  readonly name: string;
  readonly fault?: string;
  readonly document?: ConfigDocument;
  readonly bytes?: Uint8Array;
}

function readPart(schema: DescMessage, path: string): Part {
  const content = readConfigFile(path);
  return typeof content === 'string' ? { name: path, fault: content } : bytesPart(schema, path, content, formatOfPath(path));
}

function contentPart(schema: DescMessage, { name, content, format }: ConfigContent): Part {
  return typeof content === 'string' && format !== 'pb' ? textPart(schema, name, content, format) : bytesPart(schema, name, Buffer.from(content), format);
}

function bytesPart(schema: DescMessage, name: string, bytes: Uint8Array, format: ConfigFormat): Part {
  if (format === 'pb') return { name, bytes };
  const text = decodeText(bytes, format);
  return typeof text === 'string' ? textPart(schema, name, text, format) : { name, fault: `${name}: ${text.fault}` };
}

function textPart(schema: DescMessage, name: string, text: string, format: Exclude<ConfigFormat, 'pb'>): Part {
  return { name, document: new ConfigDocument(new SourceText(name, text), format, schema) };
}

/** What a message itself says about deprecated features; the options go before it. */
type OwnAllowance = (message: Message) => (feature: string) => boolean;

function load(schema: DescMessage, parts: readonly Part[], options: LoadOptions, ownAllowance?: OwnAllowance): Loaded {
  const sources = parts.flatMap((part) => part.document ?? []);
  const locator = locatorOf(sources);
  const problems = new Problems((path) => locator?.locate(path));
  const policy = options.unknownFieldPolicy ?? 'error';
  let message: Message | undefined;
  let unknownFields = 0;
  const misspelt: string[] = [];
  for (const part of parts) {
    const decoded = decodePart(schema, part, problems, policy);
    if (decoded === undefined) continue;
    unknownFields += decoded.unknownFields;
    misspelt.push(...decoded.misspelt);
    if (message === undefined) message = decoded.message;
    else mergeMessage(schema, message, decoded.message);
  }
  const allowsDeprecated = options.allowsDeprecated ?? (message && ownAllowance?.(message));
  const isReadable = message !== undefined && !problems.full;
  const validated = isReadable ? validate(schema, message!, problems, misspelt, { unknownFieldPolicy: policy, allowsDeprecated, skipDeprecatedLogs: options.skipDeprecatedLogs }) : undefined;
  problems.sortByPlace();
  for (const source of sources) source.release();
  const deprecatedUses = validated?.deprecatedUses ?? 0;
  return { message, problems, sources, unknownFields: unknownFields + (validated?.unknownFields ?? 0), deprecatedUses };
}

/** Leaves out what decoding has reported in other words: a value that could not be read looks like a missing one here. */
function validate(schema: DescMessage, message: Message, problems: Problems, misspelt: readonly string[], options: LoadOptions): Validated {
  const unread = new UnreadPaths([...problems.errors.map((problem) => problem.path), ...misspelt]);
  const found = new Problems();
  const { allowsDeprecated, skipDeprecatedLogs, unknownFieldPolicy: unknownFields } = options;
  const validated = validateMessage(schema, message, { problems: found, unknownFields, allowsDeprecated, skipDeprecatedLogs });
  for (const { path, message: text } of found.errors) if (!unread.covers(path)) problems.error(path, text);
  for (const { path, message: text } of found.warnings) problems.warning(path, text);
  return validated;
}

function locatorOf(sources: readonly ConfigDocument[]): Locator | undefined {
  const [first, second] = sources;
  return first !== undefined && second !== undefined ? new MergedDocuments(first, second) : first;
}

function decodePart(schema: DescMessage, part: Part, problems: Problems, policy: UnknownFieldPolicy): Decoded | undefined {
  if (part.fault !== undefined) {
    problems.error('', part.fault);
    return undefined;
  }
  if (part.bytes !== undefined) return decodeBytes(schema, part.bytes, part.name, problems);
  const document = part.document!;
  const { root, errors, warnings } = document.parse();
  for (const { path, message, position } of errors) problems.error(path, message, position);
  for (const { path, message, position } of warnings) problems.warning(path, message, position);
  if (errors.length > 0) return undefined;
  if (root === undefined || root.kind === 'scalar') {
    problems.error('', 'Unable to convert YAML as JSON: expected an object', document.source.positionAt(0));
    return undefined;
  }
  return decodeTree(schema, root, { types: apiTypes, problems, source: document.source, unknownFields: policy });
}

/** Envoy takes what it can from broken bytes and says nothing; a configuration with its end cut off is an error here. */
function decodeBytes(schema: DescMessage, bytes: Uint8Array, name: string, problems: Problems): Decoded | undefined {
  const decoded = decodeMessage(schema, bytes);
  if (decoded.ok) return { message: decoded.message, unknownFields: 0, misspelt: [] };
  problems.error('', `Unable to parse file "${name}" as a binary protobuf (type ${schema.typeName}): ${decoded.reason}`);
  return undefined;
}
