import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const CERTIFICATES = new URL('../../test/support/certificates/', import.meta.url);

/** A certificate and its key behind a symbolic link, swapped as Kubernetes swaps a mounted secret: `tls.crt` → `..data/tls.crt`, `..data` → `..1`. */
export class SwappedCertificate {
  readonly directory: string;
  #version = 0;

  constructor(directory: string, name: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    this.swap(name);
    for (const file of ['tls.crt', 'tls.key']) symlinkSync(join('..data', file), join(directory, file));
  }

  get chainFile(): string {
    return join(this.directory, 'tls.crt');
  }

  get keyFile(): string {
    return join(this.directory, 'tls.key');
  }

  /** By the name of files in `test/support/certificates/`; another key leaves them half written. */
  swap(certificate: string, key = certificate): void {
    const version = `..${++this.#version}`;
    const folder = join(this.directory, version);
    mkdirSync(folder);
    copyFileSync(new URL(`${certificate}.pem`, CERTIFICATES), join(folder, 'tls.crt'));
    copyFileSync(new URL(`${key}.key`, CERTIFICATES), join(folder, 'tls.key'));
    symlinkSync(version, join(this.directory, '..new'));
    renameSync(join(this.directory, '..new'), join(this.directory, '..data'));
    rmSync(join(this.directory, `..${this.#version - 1}`), { recursive: true, force: true });
  }
}
