import { enableCompileCache, registerHooks } from 'node:module';

/**
 * To be called before anything else is imported. `keepsCode`: compiled code is kept between starts. Sources import each other by relative paths
 * with their extension, which name a file as they are: to have Node look for it on the disk costs as much as loading it.
 */
export function prepareModuleLoading(keepsCode: boolean): void {
  if (keepsCode) enableCompileCache();
  if (!import.meta.url.endsWith('.ts')) return;
  registerHooks({
    resolve: (specifier, context, next) => {
      if (!specifier.startsWith('.') || !specifier.endsWith('.ts')) return next(specifier, context);
      return { url: joined(context.parentURL!, specifier), format: 'module-typescript', shortCircuit: true };
    },
  });
}

/** As `new URL` would, in a tenth of the time: sources import each other 1,300 times, by names that need no escapes. */
function joined(parent: string, specifier: string): string {
  let folder = parent.slice(0, parent.lastIndexOf('/'));
  let rest = specifier.startsWith('./') ? specifier.slice(2) : specifier;
  while (rest.startsWith('../')) {
    folder = folder.slice(0, folder.lastIndexOf('/'));
    rest = rest.slice(3);
  }
  return `${folder}/${rest}`;
}
