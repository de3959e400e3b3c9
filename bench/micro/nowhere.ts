/** Takes what is written and counts it. */
export class Nowhere {
  readonly unsentBytes = 0;
  written = 0;

  writeText(text: string): void {
    this.written += text.length;
  }

  writeBytes(bytes: Buffer): void {
    this.written += bytes.length;
  }

  flush(): void {}
  pauseReads(): void {}
  resumeReads(): void {}
  closeAfterFlush(): void {}
  destroy(): void {}
}
