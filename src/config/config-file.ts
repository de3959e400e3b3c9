import { fs } from '../core/node-modules.ts';
import { MAX_DOCUMENT_BYTES } from './document.ts';

/** How a configuration is written. */
export type ConfigFormat = 'yaml' | 'json' | 'pb' | 'pb_text';

/** Envoy chooses by the extension; everything unknown is JSON, `/dev/fd/0` too. */
export function formatOfPath(path: string): ConfigFormat {
  const lower = path.toLowerCase();
  if (lower.endsWith('.pb')) return 'pb';
  if (lower.endsWith('.pb_text')) return 'pb_text';
  return lower.endsWith('.yaml') || lower.endsWith('.yml') ? 'yaml' : 'json';
}

/** The bytes of a file, or the sentence that says why there are none. */
export function readConfigFile(path: string): Uint8Array | string {
  let file: number | undefined;
  try {
    file = fs.openSync(path, 'r');
    const status = fs.fstatSync(file);
    if (status.isDirectory()) return `Invalid path: ${path}: it is a directory`;
    return status.size > MAX_DOCUMENT_BYTES ? tooLarge(path) : readAll(file, path);
  } catch (error) {
    return `Invalid path: ${path}${REASONS.get((error as NodeJS.ErrnoException).code ?? '') ?? `: ${(error as Error).message}`}`;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

const REASONS = new Map([
  ['ENOENT', ': no such file'],
  ['EACCES', ': permission denied'],
  ['ENOTDIR', ': a part of the path is no directory'],
  ['ELOOP', ': too many symbolic links'],
  ['ENAMETOOLONG', ': the name is too long'],
]);

function tooLarge(path: string): string {
  return `${path} is larger than ${MAX_DOCUMENT_BYTES} bytes`;
}

const CHUNK_BYTES = 1024 * 1024;

/** Pipes have no size to ask for. */
function readAll(file: number, path: string): Uint8Array | string {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = fs.readSync(file, chunk, 0, CHUNK_BYTES, null);
    if (length === 0) return Buffer.concat(chunks, total);
    total += length;
    if (total > MAX_DOCUMENT_BYTES) return tooLarge(path);
    chunks.push(chunk.subarray(0, length));
  }
}

/** The text that the bytes are, or the sentence that says why they are none. */
export function decodeText(bytes: Uint8Array, format: ConfigFormat): string | { readonly text: string; readonly fault: string } {
  if (format === 'yaml') return decodeYamlText(bytes);
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  if (text.startsWith('\ufeff')) return { text, fault: 'a byte order mark is not allowed here' };
  if (text.includes('\ufffd') && !isUtf8(bytes)) return { text, fault: 'invalid UTF-8' };
  return text;
}

/** YAML names its encoding by a byte order mark; what is no UTF-8 becomes U+FFFD, as in Envoy. */
function decodeYamlText(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
