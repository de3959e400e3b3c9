import { isIP } from 'node:net';

/** Names in it; larger files are read up to here. */
export const MAX_HOSTS_FILE_NAMES = 100_000;

/** Addresses by name in lower case, IPv4 and IPv6 as they come. */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === undefined || isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const known = hosts.get(key);
      if (known !== undefined) known.push(address);
      else if (hosts.size < MAX_HOSTS_FILE_NAMES) hosts.set(key, [address]);
    }
  }
  return hosts;
}

/** `/etc/hosts`, read again when it has changed. A missing or unreadable file is empty. */
export class HostsFile {
  readonly #path: string;
  #modifiedMs = -1;
  #hosts = new Map<string, string[]>();

  constructor(path: string) {
    this.#path = path;
  }

  async addressesOf(name: string): Promise<readonly string[]> {
    await this.#refresh();
    return this.#hosts.get(name.toLowerCase()) ?? [];
  }

  async #refresh(): Promise<void> {
    try {
      const { readFile, stat } = process.getBuiltinModule('node:fs/promises');
      const { mtimeMs } = await stat(this.#path);
      if (mtimeMs === this.#modifiedMs) return;
      this.#hosts = parseHosts(await readFile(this.#path, 'utf8'));
      this.#modifiedMs = mtimeMs;
    } catch {
      this.#hosts = new Map();
      this.#modifiedMs = -1;
    }
  }
}
