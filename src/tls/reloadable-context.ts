import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { type CommonTls, reportOf } from './common.ts';
import type { TlsContextReport } from './context-report.ts';
import { type Reloadable, TLS_MATERIAL } from './material.ts';
import { NamedSecrets } from './named-secrets.ts';

/** What one side makes of its message. */
export interface Compiled<Made> {
  readonly common: CommonTls;
  /** Undefined while a secret that it needs has not come. */
  readonly made: Made | undefined;
}

export interface ContextPlace {
  readonly context: CompileContext;
  /** `listener.<address>`, `cluster.<name>`. */
  readonly statScope: string;
  readonly factoryScope: string;
}

/** Undefined after reporting what is wrong. */
type Compile<Made> = (secrets: NamedSecrets, context: CompileContext) => Compiled<Made> | undefined;

/** A TLS context of one filter chain or cluster, made anew when a secret or file changes. */
export class ReloadableContext<Made> implements Reloadable {
  readonly sources: readonly string[];
  readonly statScope: string;
  /** Of the statistics that count how it was made. */
  readonly factoryScope: string;
  readonly #place: ContextPlace;
  readonly #compile: Compile<Made>;
  #compiled: Compiled<Made>;

  private constructor(place: ContextPlace, compile: Compile<Made>, compiled: Compiled<Made>, sources: readonly string[]) {
    this.#place = place;
    this.statScope = place.statScope;
    this.factoryScope = place.factoryScope;
    this.#compile = compile;
    this.#compiled = compiled;
    this.sources = sources;
  }

  /** Undefined after reporting what leaves nothing to speak TLS with. */
  static compile<Made>(place: ContextPlace, compile: Compile<Made>): ReloadableContext<Made> | undefined {
    const secrets = new NamedSecrets(place.context);
    const compiled = compile(secrets, place.context);
    if (compiled === undefined) return undefined;
    const context = new ReloadableContext(place, compile, compiled, secrets.sources);
    place.context.service(TLS_MATERIAL).register(context);
    return context;
  }

  /** Undefined while a secret that it needs has not come. */
  get made(): Made | undefined {
    return this.#compiled.made;
  }

  /** Undefined while a secret that it needs has not come. */
  get report(): TlsContextReport | undefined {
    return this.made === undefined ? undefined : reportOf(this.#compiled.common, this.statScope);
  }

  reload(): readonly string[] {
    const problems: string[] = [];
    const context = collecting(this.#place.context, problems);
    const compiled = this.#compile(new NamedSecrets(context), context);
    if (problems.length === 0 && compiled !== undefined) this.#compiled = compiled;
    return problems;
  }
}

/** The same context; what is wrong is known to whoever asked for the reload. */
function collecting(context: CompileContext, problems: string[]): CompileContext {
  const error = (_at: ConfigPath, message: string): void => void problems.push(message);
  return new Proxy(context, {
    get(target, key) {
      if (key === 'error') return error;
      if (key === 'warning') return () => {};
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
