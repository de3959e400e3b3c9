import { hash } from 'node:crypto';
import { serviceKey } from './extension.ts';
import { fs } from './node-modules.ts';

export type LocalFile = { readonly bytes: Uint8Array } | { readonly error: string };

/** How what is compiled reads the files that its configuration names. */
export interface LocalFiles {
  read(path: string, limitBytes: number): LocalFile;
}

export const LOCAL_FILES = serviceKey<LocalFiles>('local files', { read: readLocalFile });

/** Remembers what it has read. */
export class RememberedFiles implements LocalFiles {
  readonly #digests: string[] = [];

  read(path: string, limitBytes: number): LocalFile {
    const file = readLocalFile(path, limitBytes);
    if ('bytes' in file) this.#digests.push(hash('sha256', file.bytes, 'base64'));
    return file;
  }

  /** Stands for what the files held. */
  get digest(): string {
    return this.#digests.join();
  }
}

/**
 * A file that a configuration names, read while it is compiled. `limitBytes` 0 = none. Errors are Envoy's sentences.
 */
export function readLocalFile(path: string, limitBytes: number): LocalFile {
  try {
    const { size } = fs.statSync(path);
    if (limitBytes > 0 && size > limitBytes) return { error: `file ${path} size is ${size} bytes; maximum is ${limitBytes}` };
    return { bytes: fs.readFileSync(path) };
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    return { error: code === 'ENOENT' ? `file ${path} does not exist` : `unable to read file ${path}: ${code}` };
  }
}

/** False when it cannot be written. */
export function writeTextFile(path: string, text: string): boolean {
  try {
    fs.writeFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}
