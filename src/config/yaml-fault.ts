/** What is wrong with a YAML text. Thrown inside the YAML files only: it unwinds the recursion. */
export class YamlFault extends Error {
  readonly offset: number;
  readonly reason: string;

  constructor(offset: number, reason: string) {
    super(reason);
    this.offset = offset;
    this.reason = reason;
  }
}
