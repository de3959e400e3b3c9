/** What is wrong with a text. Thrown inside the parsers only: it unwinds their recursion. */
export class SyntaxFault extends Error {
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super(reason);
    this.offset = offset;
  }
}
