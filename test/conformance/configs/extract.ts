/** Finds the Envoy resources of a tree of files, whatever its layout: files, documents, and strings that are documents themselves. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { loadAll } from 'js-yaml';
import { ConformanceError } from '../harness/case.ts';
import { looksLikeBootstrap, mayHoldResources, recognise } from './recognise.ts';
import type { JsonMap, Resource } from './resource.ts';
import { isMap } from './resource.ts';
import { wrap } from './wrap.ts';

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MAX_RESOURCE_CHARACTERS = 4 * 1024 * 1024;
/** Strings in strings: a CRD that holds a ConfigMap that holds a bootstrap. */
const MAX_EMBEDDING = 3;
const MAX_DEPTH = 60;

export interface Extraction {
  readonly resources: readonly Resource[];
  readonly files: number;
  /** Files that are no YAML, such as templates, or too large. */
  readonly unreadable: readonly string[];
}

export const extractTrees = (trees: readonly string[]): Extraction => {
  const resources: Resource[] = [];
  const unreadable: string[] = [];
  let files = 0;
  for (const tree of trees) {
    for (const file of configFiles(tree)) {
      files += 1;
      const found = extractFile(file, relative(process.cwd(), file));
      if (found === undefined) unreadable.push(file);
      else resources.push(...found);
    }
  }
  return { resources, files, unreadable };
};

const configFiles = (tree: string): string[] => {
  const stat = statSync(tree, { throwIfNoEntry: false });
  if (stat === undefined) throw new ConformanceError(`--configs: ${tree} does not exist`);
  if (stat.isFile()) return [tree];
  const entries = readdirSync(tree, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && EXTENSIONS.has(extname(entry.name))).map((entry) => join(entry.parentPath, entry.name));
  if (names.length === 0) throw new ConformanceError(`--configs: ${tree} holds no file that ends in .yaml, .yml or .json`);
  return names.sort();
};

const extractFile = (file: string, name: string): Resource[] | undefined => {
  if (statSync(file).size > MAX_FILE_BYTES) return undefined;
  const text = readFileSync(file, 'utf8');
  return extractText(text, name, extname(file) === '.json' ? 'json' : 'yaml');
};

/** Undefined when the text can't be read and does not look like a bootstrap. */
export const extractText = (text: string, name: string, format: 'yaml' | 'json'): Resource[] | undefined => {
  const documents = readDocuments(text);
  const whole: Resource = { kind: 'bootstrap', place: name, text, format };
  if (documents === undefined) return looksLikeBootstrap(text) ? [whole] : undefined;
  const [only] = documents;
  // As it is written: that YAML is read alike is part of the question.
  if (documents.length === 1 && isMap(only) && recognise(only) === 'bootstrap' && only['@type'] === undefined) return [whole];
  const finder = new Finder();
  documents.forEach((document, index) => finder.find(document, documents.length > 1 ? `${name}#${index}` : name, 0));
  return finder.found;
};

const readDocuments = (text: string): unknown[] | undefined => {
  try {
    return loadAll(text);
  } catch {
    return undefined;
  }
};

class Finder {
  readonly found: Resource[] = [];
  #embedding = 0;

  find(value: unknown, place: string, depth: number): void {
    if (depth > MAX_DEPTH) return;
    if (typeof value === 'string') this.#findInText(value, place, depth);
    else if (Array.isArray(value)) value.forEach((item, index) => this.find(item, `${place}[${index}]`, depth + 1));
    else if (isMap(value)) this.#findInMap(value, place, depth);
  }

  #findInMap(map: JsonMap, place: string, depth: number): void {
    const kind = recognise(map);
    if (kind === undefined) {
      const separator = place.includes('#') ? '.' : '#';
      for (const [key, value] of Object.entries(map)) this.find(value, `${place}${separator}${key}`, depth + 1);
      return;
    }
    const text = jsonText(wrap(kind, map));
    if (text !== undefined) this.found.push({ kind, place, text, format: 'json' });
  }

  #findInText(text: string, place: string, depth: number): void {
    if (this.#embedding === MAX_EMBEDDING || !mayHoldResources(text)) return;
    this.#embedding += 1;
    const documents = readDocuments(text) ?? [];
    for (const document of documents) if (typeof document !== 'string') this.find(document, place, depth + 1);
    this.#embedding -= 1;
  }
}

/** Undefined for what is no tree or grows too large once its aliases are written out. */
const jsonText = (value: JsonMap): string | undefined => {
  try {
    const text = JSON.stringify(value);
    return text.length > MAX_RESOURCE_CHARACTERS ? undefined : text;
  } catch {
    return undefined;
  }
};
