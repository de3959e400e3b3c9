/** A proxy under test: Envoy and nuncio look the same from here. */

export interface Target {
  readonly name: string;
  /** Starts the proxy on a bootstrap whose placeholders are filled in. Ready to serve when it resolves. */
  start(config: object): Promise<RunningTarget>;
}

/** The proxy does not serve this configuration. */
export class ConfigurationRefused extends Error {
  /** One for each problem, the field's path first. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`refused at load: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

export interface RunningTarget {
  /** Port of each listener by name. */
  readonly ports: ReadonlyMap<string, number>;
  /** Undefined for a proxy without an admin listener: then nothing is compared that needs it. */
  readonly adminPort: number | undefined;
  /** Leaves nothing behind. */
  stop(): Promise<void>;
}
