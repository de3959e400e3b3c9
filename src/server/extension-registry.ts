import type { Category, Extension } from '../core/extension.ts';

/** Extensions by category and the full name of their configuration message. */
export class ExtensionRegistry {
  readonly #byType = new Map<string, Extension<never, unknown>>();
  readonly #byRouteType = new Map<string, Extension<never, unknown>>();
  readonly #byName = new Map<string, Extension<never, unknown>>();
  readonly all: readonly Extension<never, unknown>[];
  /** Known, but taken out by `--disable-extensions`. */
  readonly disabled: readonly Extension<never, unknown>[];
  /** What `--disable-extensions` names and nobody knows. */
  readonly unknownDisabled: readonly string[];

  /** `disabled`: names, or category and name with a slash between. Throws a TypeError where a category has a name twice. */
  constructor(extensions: readonly Extension<never, unknown>[], disabled: readonly string[] = []) {
    const isDisabled = ({ category, name }: Extension<never, unknown>): boolean => disabled.includes(name) || disabled.includes(`${category}/${name}`);
    this.all = extensions.filter((extension) => !isDisabled(extension));
    this.disabled = extensions.filter(isDisabled);
    this.unknownDisabled = disabled.filter((text) => !this.disabled.some(({ category, name }) => text === name || text === `${category}/${name}`));
    for (const extension of this.all) {
      this.#byType.set(`${extension.category} ${extension.configType}`, extension);
      if (extension.routeConfigType !== undefined) this.#byRouteType.set(`${extension.category} ${extension.routeConfigType}`, extension);
      const name = `${extension.category} ${extension.name}`;
      if (this.#byName.has(name)) throw new TypeError(`two extensions of ${extension.category} are called '${extension.name}'`);
      this.#byName.set(name, extension);
    }
  }

  /** The type decides. Where several share one, as filters of a program's own share `google.protobuf.Struct`, the name does. */
  find(category: Category, typeName: string, name?: string): Extension<never, unknown> | undefined {
    const named = name === undefined ? undefined : this.findByName(category, name);
    return named?.configType === typeName ? named : this.#byType.get(`${category} ${typeName}`);
  }

  /** By the type of a per-route configuration; else by that of the extension's own, which may not stand there. As above, a name decides between those that share one. */
  findForRoute(category: Category, typeName: string, name?: string): Extension<never, unknown> | undefined {
    const named = name === undefined ? undefined : this.findByName(category, name);
    if (named !== undefined && (named.routeConfigType ?? named.configType) === typeName) return named;
    return this.#byRouteType.get(`${category} ${typeName}`) ?? this.find(category, typeName);
  }

  findByName(category: Category, name: string): Extension<never, unknown> | undefined {
    return this.#byName.get(`${category} ${name}`);
  }
}
