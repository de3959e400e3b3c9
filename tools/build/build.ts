import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/**
 * Makes `dist/`, what the npm package holds: the program and its workers in a few bundled files, because loading hundreds of small ones costs
 * start-up time; the descriptor pack beside the chunk that reads it; the types of the library.
 */

const root = new URL('../../', import.meta.url);
const at = (path: string): string => fileURLToPath(new URL(path, root));
/** `node tools/build/build.ts [folder]` */
const dist = process.argv[2] ?? at('dist');

/** Dependencies of users stay outside: npm installs them. */
function isExternal(id: string): boolean {
  return id.startsWith('node:') || DEPENDENCIES.some((name) => id === name || id.startsWith(`${name}/`));
}

/** The compiler leaves the sources' extension in declarations. */
const RELATIVE_IMPORT = /((?:from|import)\s*\(?['"]\.[^'"]+)\.ts(['"])/g;

const { dependencies = {} } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as { dependencies?: Record<string, string> };
/** @bufbuild/protobuf is loaded at every start and therefore bundled. */
const DEPENDENCIES = Object.keys(dependencies).filter((name) => name !== '@bufbuild/protobuf');

rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  input: { main: at('src/main.ts'), index: at('src/index.ts'), testing: at('src/testing/index.ts'), 'worker-main': at('src/server/worker-main.ts') },
  platform: 'node',
  external: isExternal,
});
const { output } = await bundle.write({ dir: dist, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', minify: { mangle: false, compress: false, codegen: { removeWhitespace: true } } });
await bundle.close();
// One wide character makes V8 keep a file's text in two bytes a character. Without comments such stand in strings and patterns only.
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
for (const file of output) if (file.type === 'chunk') writeFileSync(join(dist, file.fileName), file.code.replaceAll(/[^\x00-\x7f]/g, escaped));

mkdirSync(join(dist, 'generated'), { recursive: true });
copyFileSync(at('src/api/generated/api.pack'), join(dist, 'generated/api.pack'));
copyFileSync(at('tools/build/nuncio.cjs'), join(dist, 'nuncio.cjs'));
chmodSync(join(dist, 'nuncio.cjs'), 0o755);
writeTypes();

/** The declarations that `index.d.ts` reaches: the library's types without those of the rooms behind it. */
function writeTypes(): void {
  const all = mkdtempSync(join(tmpdir(), 'nuncio-types-'));
  execFileSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('tools/build/tsconfig.json'), '--outDir', all], { stdio: 'inherit' });
  const reached = new Set(['index.d.ts', 'testing/index.d.ts']);
  for (const file of reached) {
    const text = readFileSync(join(all, file), 'utf8').replaceAll(RELATIVE_IMPORT, '$1.js$2');
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    writeFileSync(join(dist, file), text);
    for (const [, imported] of text.matchAll(/['"](\.[^'"]+)\.js['"]/g)) reached.add(join(dirname(file), `${imported}.d.ts`));
  }
  rmSync(all, { recursive: true });
}
