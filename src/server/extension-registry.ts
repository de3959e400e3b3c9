import type { Category, Extension } from '../core/extension.ts';

/** Extensions by category and the full name of their configuration message. */
export class ExtensionRegistry {
  readonly #byType = new Map<string, Extension<never, unknown>>();
  readonly #byName = new Map<string, Extension<never, unknown>>();
  readonly all: readonly Extension<never, unknown>[];

  constructor(extensions: readonly Extension<never, unknown>[]) {
    this.all = extensions;
    for (const extension of extensions) {
      this.#byType.set(`${extension.category} ${extension.configType}`, extension);
      this.#byName.set(`${extension.category} ${extension.name}`, extension);
    }
  }

  find(category: Category, typeName: string): Extension<never, unknown> | undefined {
    return this.#byType.get(`${category} ${typeName}`);
  }

  findByName(category: Category, name: string): Extension<never, unknown> | undefined {
    return this.#byName.get(`${category} ${name}`);
  }
}
