import { describe, expect, test } from 'vitest';
import type { JsonObject } from '@bufbuild/protobuf';
import { ConfigPath } from '../../src/core/problems.ts';
import { HeaderMap } from '../../src/http/header-map.ts';
import { compileHeaderMutation } from '../../src/http/header-mutation.ts';
import { compileWith, message } from './matcher/matcher-fixture.ts';
import { lines, request, streamInfo, type RequestShape } from './route/route-fixture.ts';

function compile(add: JsonObject[], remove: string[] = []) {
  const fields = {
    add: add.map((option) => message('envoy.config.core.v3.HeaderValueOption', option)),
    addAt: ConfigPath.root.field('add'),
    remove,
    removeAt: ConfigPath.root.field('remove'),
  };
  return compileWith((_at, context) => compileHeaderMutation(fields, context));
}

function mutate(add: JsonObject[], remove: string[], shape: RequestShape): string[] {
  const { result } = compile(add, remove);
  const headers = request(shape);
  result!.apply(headers, { info: streamInfo(), requestHeaders: headers, responseHeaders: undefined });
  return lines(headers).slice(2);
}

const add = (key: string, value: string, appendAction?: string): JsonObject => ({ header: { key, value }, ...(appendAction && { appendAction }) });
const shape = (...headers: [string, string][]): RequestShape => ({ headers });

test('removals come first, then overwrites, then additions', () => {
  const mutations = [add('x-app', '1'), add('x-app', '2', 'OVERWRITE_IF_EXISTS_OR_ADD'), add('x-rm', 'added')];
  expect(mutate(mutations, ['X-Rm', 'x-gone'], shape(['x-rm', 'orig'], ['x-gone', 'g'], ['x-stay', 's']))).toEqual([
    'x-stay: s',
    'x-app: 2',
    'x-app: 1',
    'x-rm: added',
  ]);
});

test('values are made from the headers as they were', () => {
  const mutations = [add('x-a', '%REQ(x-a)%2', 'OVERWRITE_IF_EXISTS_OR_ADD'), add('x-b', '%REQ(x-a)%')];
  expect(mutate(mutations, [], shape(['x-a', '1']))).toEqual(['x-a: 12', 'x-b: 1']);
});

describe('append_action', () => {
  test('APPEND_IF_EXISTS_OR_ADD adds a line', () => {
    expect(mutate([add('x-a', '2')], [], shape(['x-a', '1']))).toEqual(['x-a: 1', 'x-a: 2']);
  });

  test('ADD_IF_ABSENT looks at the headers before any addition', () => {
    expect(mutate([add('x-a', '1', 'ADD_IF_ABSENT'), add('x-a', '2', 'ADD_IF_ABSENT')], [], {})).toEqual(['x-a: 1', 'x-a: 2']);
    expect(mutate([add('x-a', '1', 'ADD_IF_ABSENT')], [], shape(['x-a', '']))).toEqual(['x-a: ']);
  });

  test('overwriting leaves one line, which stands last', () => {
    expect(mutate([add('x-a', 'n', 'OVERWRITE_IF_EXISTS_OR_ADD')], [], shape(['x-a', '1'], ['x-b', '2'], ['x-a', '3']))).toEqual(['x-b: 2', 'x-a: n']);
  });

  test('OVERWRITE_IF_EXISTS adds nothing new', () => {
    expect(mutate([add('x-a', 'n', 'OVERWRITE_IF_EXISTS'), add('x-b', 'n', 'OVERWRITE_IF_EXISTS')], [], shape(['x-a', '1']))).toEqual(['x-a: n']);
  });

  test('the old `append` says the same, and not both may be given', () => {
    expect(mutate([{ ...add('x-a', 'n'), append: false }], [], shape(['x-a', '1']))).toEqual(['x-a: n']);
    expect(mutate([{ ...add('x-a', 'n'), append: true }], [], shape(['x-a', '1']))).toEqual(['x-a: 1', 'x-a: n']);
    expect(compile([{ ...add('a', 'b', 'ADD_IF_ABSENT'), append: true }]).errors).toEqual(["add[0].append: Both append and append_action are set and it's not allowed"]);
  });
});

describe('empty values', () => {
  test('add nothing', () => {
    expect(mutate([add('x-a', ''), add('x-b', '%REQ(none)%'), add('x-c', 'a%REQ(none)%b')], [], {})).toEqual(['x-c: ab']);
  });

  test('are kept with keep_empty_value', () => {
    expect(mutate([{ ...add('x-a', ''), keepEmptyValue: true }], [], {})).toEqual(['x-a: ']);
  });
});

test('%% is a percent sign, and text beyond ASCII is UTF-8', () => {
  expect(mutate([add('X-Pct', '100%% é')], [], {})).toEqual(['x-pct: 100% \xc3\xa9']);
});

describe('names of which there is one value', () => {
  test('get a further value after a comma', () => {
    expect(mutate([add('user-agent', 'b'), add('x-plain', 'b')], [], shape(['user-agent', 'a'], ['x-plain', 'a']))).toEqual([
      'user-agent: a,b',
      'x-plain: a',
      'x-plain: b',
    ]);
  });

  test('are others in responses', () => {
    const headers = new HeaderMap();
    headers.status = 200;
    for (const name of ['user-agent', 'etag', 'set-cookie']) headers.addText(name, 'a');
    const { result } = compile([add('user-agent', 'b'), add('etag', 'b'), add('set-cookie', 'b')]);
    result!.apply(headers, { info: streamInfo(), requestHeaders: undefined, responseHeaders: headers });
    expect(lines(headers)).toEqual(['user-agent: a', 'etag: a,b', 'set-cookie: a', 'user-agent: b', 'set-cookie: b']);
  });
});

test('pseudo-headers and the host are refused', () => {
  for (const name of [':path', 'Host', ':status']) {
    expect(compile([add(name, 'x')]).errors).toEqual(['add[0].header.key: :-prefixed or host headers may not be modified']);
    expect(compile([], ['x-a', name]).errors).toEqual(['remove[1]: :-prefixed or host headers may not be removed']);
  }
});

test('raw_value is not read, which a warning tells', () => {
  const { result, warnings } = compile([{ header: { key: 'x-a', rawValue: 'YQ==' } }]);
  expect(warnings).toEqual(['add[0].header.raw_value: raw_value is not read here, only value is']);
  const headers = request('/');
  result!.apply(headers, { info: streamInfo(), requestHeaders: headers, responseHeaders: undefined });
  expect(lines(headers)).toHaveLength(2);
});

test('nothing to do is no mutation', () => {
  expect(compile([]).result).toBeUndefined();
});
