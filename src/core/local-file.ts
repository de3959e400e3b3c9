import { fs } from './node-modules.ts';

/**
 * A file that a configuration names, read while it is compiled. `limitBytes` 0 = none. Errors are Envoy's sentences.
 */
export function readLocalFile(path: string, limitBytes: number): { readonly bytes: Uint8Array } | { readonly error: string } {
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
