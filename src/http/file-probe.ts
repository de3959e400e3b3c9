import { dirname, resolve } from 'node:path';
import { fs } from '../core/node-modules.ts';

/** Throws what opening the file for appending would, and makes none: where there is no file, its folder must take one. */
export function probeFile(path: string): void {
  const { O_WRONLY, O_APPEND, W_OK, X_OK } = fs.constants;
  try {
    fs.closeSync(fs.openSync(path, O_WRONLY | O_APPEND));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const place = placeOf(path);
    if (place.endsWith('/')) throw Object.assign(new Error(`${place} is a directory`), { code: 'EISDIR' });
    fs.accessSync(dirname(place), W_OK | X_OK);
  }
}

/** Where the file would be made: links may lead to what does not exist. There are no loops of them, or opening the file would have told so. */
function placeOf(path: string): string {
  let place = path;
  for (;;) {
    const target = linkTarget(place);
    if (target === undefined) return place;
    place = resolve(dirname(place), target);
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return fs.readlinkSync(path);
  } catch {
    return undefined;
  }
}
