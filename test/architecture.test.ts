import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { extensions } from '../src/extensions.ts';

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

/** Rooms that each room may import; `src/server/`, `src/testing/`, `src/main.ts`, `src/index.ts` and `src/extensions.ts` may import all. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  api: ['core'],
  config: ['core', 'api'],
  transport: ['core'],
  http: ['core', 'api', 'transport'],
  'xds-client': ['core', 'api', 'http'],
  cluster: ['core', 'api', 'http', 'transport', 'config/support.ts', 'config/open-any.ts'],
  tls: ['core', 'api', 'http', 'transport', 'config/support.ts', 'listener/network-filter.ts', 'cluster/cluster-facts.ts'],
  listener: ['core', 'api', 'http', 'transport', 'config/support.ts'],
  filters: ['core', 'api', 'http', 'transport', 'config/support.ts', 'listener/network-filter.ts', 'listener/listener-filter.ts', 'cluster/cluster-facts.ts'],
  admin: ['core', 'api', 'http', 'config/support.ts', 'config/open-any.ts'],
};
const SEE_EVERYTHING = new Set(['server', 'testing', 'main.ts', 'index.ts', 'extensions.ts']);
const SUPPORT_TABLE = 'config/support.ts';

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('generated'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map((match) => relative(src, resolve(dirname(file), match[1]!)));
  return imports.filter((path) => !path.startsWith('../node_modules/'));
}

const roomOf = (path: string): string => path.split('/')[0]!;

describe('the house', () => {
  const files = sourceFiles(src).map((file) => relative(src, file));

  it('lets each room import only what it may', () => {
    const offences: string[] = [];
    for (const file of files) {
      const room = roomOf(file);
      if (SEE_EVERYTHING.has(room)) continue;
      const allowed = MAY_IMPORT[room];
      expect(allowed, `src/${room} is a room without rules`).toBeDefined();
      for (const imported of importsOf(join(src, file))) {
        const target = roomOf(imported);
        if (target === room || allowed!.includes(target) || allowed!.includes(imported) || imported === SUPPORT_TABLE) continue;
        offences.push(`${file} → ${imported}`);
      }
    }
    expect(offences).toEqual([]);
  });

  it('keeps filters from importing each other', () => {
    const folderOf = (path: string): string => path.split('/').slice(0, 3).join('/');
    const offences = files
      .filter((file) => roomOf(file) === 'filters')
      .flatMap((file) => importsOf(join(src, file)).filter((to) => roomOf(to) === 'filters' && folderOf(to) !== folderOf(file)).map((to) => `${file} → ${to}`));
    expect(offences).toEqual([]);
  });

  it('keeps files short enough to hold in the head', () => {
    const long = files.filter((file) => readFileSync(join(src, file), 'utf8').split('\n').length > 501);
    expect(long).toEqual([]);
  });

  it('reaches clock, chance and environment only through core and main', () => {
    const banned = /\bDate\.now\(|\bMath\.random\(|\bprocess\.env\b|\bperformance\.now\(/;
    const offences = files.filter((file) => roomOf(file) !== 'core' && file !== 'main.ts' && banned.test(readFileSync(join(src, file), 'utf8')));
    expect(offences).toEqual([]);
  });

  it('takes modules whose getters load much as they are', () => {
    const imported = /^import (?!type )[^;]*from 'node:(?:fs|fs\/promises|util|process|dns|http)'/m;
    const offences = files.filter((file) => imported.test(readFileSync(join(src, file), 'utf8')));
    expect(offences).toEqual([]);
  });

  it('takes of @bufbuild/protobuf only what src/api/protobuf.ts does', () => {
    const imported = /^(?:import|export) (?!type )[^;]*from '[^']*@bufbuild\//m;
    const offences = files.filter((file) => file !== 'api/protobuf.ts' && imported.test(readFileSync(join(src, file), 'utf8')));
    expect(offences).toEqual([]);
  });

  it('names every HTTP and network filter in README.md', () => {
    const lines = readFileSync(join(root, 'README.md'), 'utf8').split('\n');
    const named = (title: string): string[] => lines.find((line) => line.startsWith(`- **${title}**`))!.split('** ')[1]!.split(', ').sort();
    const there = (category: string): string[] => extensions.filter((extension) => extension.category === category).map(({ name }) => name.split('.').at(-1)!);
    expect(named('HTTP filters')).toEqual(there('envoy.filters.http').sort());
    expect(named('network filters')).toEqual(there('envoy.filters.network').sort());
  });

  it('names every room in ARCHITECTURE.md', () => {
    const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const rooms = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    expect(rooms.filter((room) => !text.includes(`${room}/`))).toEqual([]);
  });
});
