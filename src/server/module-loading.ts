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
      return { url: new URL(specifier, context.parentURL).href, format: 'module-typescript', shortCircuit: true };
    },
  });
}
