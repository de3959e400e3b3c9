/** Compiles Solo's .proto files with buf, offline: what they import is printed from the descriptor set. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, fromBinary, type DescFile, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, type FileDescriptorProto, type FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { referencedFiles } from './api-files.ts';
import { protoText } from './proto-text.ts';

const SOLO_FOLDER = fileURLToPath(new URL('solo', import.meta.url));
const BUF = fileURLToPath(new URL('../../node_modules/.bin/buf', import.meta.url));

/** The files of tools/api/solo, in dependency order. */
export function compileSolo(set: FileDescriptorSet): FileDescriptorProto[] {
  const workspace = mkdtempSync(join(tmpdir(), 'nuncio-api-'));
  try {
    cpSync(SOLO_FOLDER, join(workspace, 'own', 'solo'), { recursive: true });
    for (const file of importedFiles(createFileRegistry(set))) {
      const target = join(workspace, 'imported', file.proto.name);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, protoText(file));
    }
    writeFileSync(join(workspace, 'buf.yaml'), 'version: v2\nmodules:\n  - path: own\n  - path: imported\n');
    const args = ['build', '-o', 'solo.binpb', '--as-file-descriptor-set', '--exclude-source-info'];
    execFileSync(BUF, args, { cwd: workspace, stdio: 'inherit' });
    const compiled = fromBinary(FileDescriptorSetSchema, readFileSync(join(workspace, 'solo.binpb')));
    return compiled.file.filter((file) => file.name.startsWith('solo/'));
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** What Solo's files import, directly and indirectly; buf brings google/protobuf itself. */
function importedFiles(registry: FileRegistry): Set<DescFile> {
  const found = new Set<DescFile>();
  const visit = (file: DescFile): void => {
    if (found.has(file) || file.proto.package === 'google.protobuf') return;
    found.add(file);
    referencedFiles(file).forEach(visit);
  };
  for (const name of readdirSync(SOLO_FOLDER)) {
    const text = readFileSync(join(SOLO_FOLDER, name), 'utf8');
    for (const [, imported] of text.matchAll(/^import "(.+)";$/gm)) {
      const file = registry.getFile(imported);
      if (file !== undefined) visit(file);
    }
  }
  return found;
}
