import { describe, expect, test } from 'vitest';
import { loadBootstrap } from '../../src/config/loader.ts';
import { compileRuntimeLayers, parseRuntimeText, RuntimeLayers, SnapshotRuntime } from '../../src/server/layered-runtime.ts';

function compile(layers: string): { layers: ReturnType<typeof compileRuntimeLayers>; errors: string[] } {
  const { message, problems } = loadBootstrap({ yaml: `layered_runtime: { layers: [${layers}] }` });
  const compiled = compileRuntimeLayers(message?.layeredRuntime, problems);
  return { layers: compiled, errors: problems.errors.map(({ path, message: text }) => `${path}: ${text}`) };
}

describe('static layers', () => {
  test('are read by dotted keys, with fractions, numbers, bools and texts', () => {
    const { layers, errors } = compile(
      '{name: a, static_layer: {health_check: {min_interval: 5}, x: {numerator: 3, denominator: TEN_THOUSAND}, y: true, z: abc, w: "1.5", "v.u": "false"}}',
    );
    expect(errors).toEqual([]);
    expect(new Map([...layers[0]!.entries].map(([key, { value }]) => [key, value]))).toEqual(
      new Map<string, unknown>([
        ['health_check.min_interval', 5],
        ['x', { numerator: 3, denominator: 'TEN_THOUSAND' }],
        ['y', true],
        ['z', 'abc'],
        ['w', 1.5],
        ['v.u', false],
      ]),
    );
  });

  test('hold no lists and no nulls', () => {
    expect(compile('{name: a, static_layer: {x: {y: [1]}}}').errors).toEqual([
      'layered_runtime.layers[0].static_layer["x"]["y"]: Invalid runtime entry value for x.y',
    ]);
  });

  test('have names of their own, and there is one admin layer at most', () => {
    expect(compile('{name: a, static_layer: {}}, {name: a, admin_layer: {}}, {name: b, admin_layer: {}}').errors).toEqual([
      'layered_runtime.layers[1].name: Duplicate layer name: a',
      'layered_runtime.layers[2].admin_layer: Too many admin layers specified in LayeredRuntime, at most one may be specified',
    ]);
  });
});

describe('the layers of a process', () => {
  test('override each other from first to last, the admin layer in its place', () => {
    const layers = new RuntimeLayers();
    layers.replace(compile('{name: a, static_layer: {x: 1, y: 1, z: 1}}, {name: admin, admin_layer: {}}, {name: b, static_layer: {z: 3}}').layers);
    expect(layers.modify(new Map([['y', '2'], ['z', '2'], ['w', 'text']]))).toBe(true);
    expect(layers.values()).toEqual(new Map<string, unknown>([['x', 1], ['y', 2], ['z', 3], ['w', 'text']]));
    expect(layers.adminOverrides).toBe(3);
    layers.modify(new Map([['y', '']]));
    expect(layers.values().get('y')).toBe(1);
  });

  test('keep what the admin interface set when the configuration is reloaded', () => {
    const layers = new RuntimeLayers();
    const { layers: compiled } = compile('{name: admin, admin_layer: {}}');
    layers.replace(compiled);
    layers.modify(new Map([['x', '1']]));
    layers.replace(compiled);
    expect(layers.values()).toEqual(new Map([['x', 1]]));
  });

  test('cannot be modified without an admin layer', () => {
    const layers = new RuntimeLayers();
    layers.replace(compile('{name: a, static_layer: {}}').layers);
    expect(layers.modify(new Map([['x', '1']]))).toBe(false);
    expect(layers.values()).toEqual(new Map());
  });
});

describe('a text', () => {
  test.each([
    ['5', 5],
    ['-1.5e2', -150],
    ['TRUE', true],
    ['abc', 'abc'],
    ['', ''],
    ['{"numerator": 5, "denominator": "MILLION"}', { numerator: 5, denominator: 'MILLION' }],
    ['numerator: 5\ndenominator: HUNDRED', { numerator: 5, denominator: 'HUNDRED' }],
  ])('%j is read as a value', (text, value) => {
    expect(parseRuntimeText(text)).toEqual({ value, text });
  });
});

test('a snapshot answers by kind and tells readers of changes by its version', () => {
  const runtime = new SnapshotRuntime();
  const { version } = runtime;
  runtime.replace(new Map<string, number | boolean>([['n', 5], ['b', true]]));
  expect(runtime.version).not.toBe(version);
  expect([runtime.number('n', 1), runtime.number('b', 1), runtime.boolean('b', false), runtime.feature('n', false), runtime.value('x')]).toEqual([5, 1, true, false, undefined]);
});
