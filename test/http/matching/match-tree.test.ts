import '../../support/property-seed.ts';
import type { JsonObject } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { action, compileTree, custom, dataOf, decide, extension, header, isText, list, map, notKnown, SITE } from './matching-fixture.ts';

const IP_MATCHER = 'xds.type.matcher.v3.IPMatcher';
const NAME_MATCHER = 'xds.type.matcher.v3.ServerNameMatcher';
const a = dataOf({ x: 'a' });

describe('a list', () => {
  test('takes the first branch that holds, else on_no_match', () => {
    const tree = list([[isText('a'), action('1')], [isText('a'), action('2')], [isText('b'), action('3')]], action('rest'));
    expect(['a', 'b', 'c'].map((x) => decide(tree, dataOf({ x })))).toEqual(['1', '3', 'rest']);
    expect(decide(list([[isText('b'), action('1')]]), a)).toBe('none');
  });

  test('goes on where a nested tree finds nothing', () => {
    const nested = { matcher: list([[isText('b'), action('inner')]]) };
    expect(decide(list([[isText('a'), nested], [isText('a'), action('after')]]), a)).toBe('after');
    expect(decide(list([[isText('b'), action('1')]], { matcher: list([[isText('a'), action('other tree')]]) }), a)).toBe('other tree');
  });

  test('says nothing once a predicate cannot be told', () => {
    expect(decide(list([[notKnown, action('1')], [isText('a'), action('2')]], action('rest')), a)).toBe('undecided');
    expect(decide(list([[isText('a'), action('1')], [notKnown, action('2')]]), a)).toBe('1');
  });

  test('without a list or a tree there is on_no_match', () => {
    expect(decide({ onNoMatch: action('always') }, a)).toBe('always');
    expect(decide({}, a)).toBe('none');
  });
});

describe('a predicate', () => {
  type Value = boolean | undefined;
  const PREDICATES: readonly [Value, JsonObject][] = [[true, isText('a')], [false, isText('b')], [undefined, notKnown]];
  const valueOf = (predicate: JsonObject): Value => ({ yes: true, none: false, undecided: undefined })[decide(list([[predicate, action('yes')]]), a)];
  const pairs = PREDICATES.flatMap(([left, leftJson]) => PREDICATES.map(([right, rightJson]) => ({ left, right, predicate: [leftJson, rightJson] })));

  test('that is an and is decided by the first that does not hold', () => {
    for (const { left, right, predicate } of pairs) expect(valueOf({ andMatcher: { predicate } })).toBe(left === true ? right : left);
  });

  test('that is an or holds when one does, and is not known when one is not', () => {
    for (const { left, right, predicate } of pairs) {
      const expected = left === true || right === true || (left === undefined || right === undefined ? undefined : false);
      expect(valueOf({ orMatcher: { predicate } })).toBe(expected);
    }
  });

  test('that is a not leaves open what is not known', () => {
    for (const [value, predicate] of PREDICATES) expect(valueOf({ notMatcher: predicate })).toBe(value === undefined ? undefined : !value);
  });
});

describe('a map', () => {
  const onlyInside = { matcher: list([[isText('never'), action('never')]]) };

  test('of exact values goes on to on_no_match where nothing matches below one', () => {
    const tree = map('exactMatchMap', { a: action('a'), b: onlyInside, 'é': action('é') }, action('rest'));
    expect(['a', 'b', 'ab', '\xc3\xa9'].map((x) => decide(tree, dataOf({ x })))).toEqual(['a', 'rest', 'rest', 'é']);
    expect(decide(tree, dataOf({}))).toBe('rest');
  });

  test('asks nothing of an input that cannot be known', () => {
    const tree = { matcherTree: { input: extension('envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput'), exactMatchMap: { map: { a: action('a') } } }, onNoMatch: action('rest') };
    expect(decide(tree, a)).toBe('undecided');
  });

  test('of prefixes takes the longest below which something matches', () => {
    const prefixes = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 });
    const value = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(prefixes, fc.nat({ max: 5 }), value, (keys, dead, x) => {
        const branches = Object.fromEntries(keys.map((key, index) => [key, index === dead ? onlyInside : action(key)]));
        const fitting = keys.filter((key, index) => x.startsWith(key) && index !== dead).sort((left, right) => right.length - left.length);
        expect(decide(map('prefixMatchMap', branches, action('rest')), dataOf({ x }))).toBe(fitting[0] ?? 'rest');
      }),
      { numRuns: 60 },
    );
  });
});

describe('address ranges', () => {
  interface Shape {
    readonly address: number;
    readonly bits: number;
    readonly exclusive: boolean;
    readonly dead: boolean;
  }
  const text = (address: number): string => `10.0.0.${address}`;
  const contains = ({ address, bits }: Shape, other: number): boolean => address >> (32 - bits) === other >> (32 - bits);

  test('are tried from the longest prefix, in order where equal, exclusive ones first or not at all', () => {
    const shape: fc.Arbitrary<Shape> = fc.record({ address: fc.nat({ max: 15 }), bits: fc.integer({ min: 27, max: 32 }), exclusive: fc.boolean(), dead: fc.boolean() });
    fc.assert(
      fc.property(fc.array(shape, { minLength: 1, maxLength: 6 }), fc.nat({ max: 15 }), (shapes, address) => {
        const rangeMatchers = shapes.map((one, index) => ({
          ranges: [{ addressPrefix: text(one.address), prefixLen: one.bits }],
          exclusive: one.exclusive,
          onMatch: one.dead ? { matcher: list([[isText('never'), action('never')]]) } : action(String(index)),
        }));
        const candidates = shapes.map((one, index) => ({ ...one, index })).filter((one) => contains(one, address));
        candidates.sort((left, right) => right.bits - left.bits || left.index - right.index);
        const expected = candidates.find(({ exclusive, dead }, place) => !dead && (place === 0 || !exclusive));
        expect(decide(custom(IP_MATCHER, { rangeMatchers }, action('rest')), dataOf({ x: text(address) }))).toBe(String(expected?.index ?? 'rest'));
      }),
      { numRuns: 100 },
    );
  });

  test('hold both families, and no text that is no address', () => {
    const ranges = [{ addressPrefix: '2001:db8::', prefixLen: 32 }, { addressPrefix: '0.0.0.0', prefixLen: 0 }];
    const tree = custom(IP_MATCHER, { rangeMatchers: [{ ranges, onMatch: action('in') }] });
    expect(['2001:db8::1', '2001:db9::1', '1.2.3.4', '1.2.3', ''].map((x) => decide(tree, dataOf({ x })))).toEqual(['in', 'none', 'in', 'none', 'none']);
  });
});

describe('domains', () => {
  test('are tried from the name itself over wildcards to everything', () => {
    const inside = { matcher: list([[isText('never'), action('never')]]) };
    const tree = custom(NAME_MATCHER, {
      domainMatchers: [
        { domains: ['a.com', 'b.a.com'], onMatch: action('exact') },
        { domains: ['*.a.com'], onMatch: action('wide') },
        { domains: ['*.c.a.com'], onMatch: inside },
        { domains: ['*'], onMatch: action('all') },
      ],
    });
    expect(['a.com', 'b.a.com', 'x.a.com', 'x.c.a.com', 'com', ''].map((x) => decide(tree, dataOf({ x })))).toEqual(['exact', 'exact', 'wide', 'wide', 'all', 'none']);
  });

  test.each([
    [['a.com', 'a.com'], '[1]: Duplicate domain in ServerNameMatcher: a.com'],
    [['a*.com'], "[0]: Invalid wildcard domain format: a*.com. Only '*' and '*.domain' patterns are supported"],
    [['*.'], "[0]: Invalid wildcard domain format: *.. Only '*' and '*.domain' patterns are supported"],
    [['*.*.com'], '[0]: Invalid wildcard domain format: *.*.com. Multiple wildcards are not supported'],
  ])('%j are refused', (domains, problem) => {
    const { errors } = compileTree(custom(NAME_MATCHER, { domainMatchers: [{ domains, onMatch: action('a') }] }));
    expect(errors).toEqual([`matcher_tree.custom_match.typed_config.domain_matchers[0].domains${problem}`]);
  });
});

describe('keep_matching', () => {
  const kept = list([[isText('a'), { ...action('1'), keepMatching: true }], [isText('a'), { matcher: list([[notKnown, action('2')]]), keepMatching: true }], [isText('a'), action('3')]]);

  test('is refused where the consumer does not take it', () => {
    expect(compileTree(kept).errors.map((error) => error.split(': ')[1])).toEqual(Array(2).fill('keep_matching is not supported in this context; leave it out'));
  });

  test('goes on as if nothing had matched', () => {
    const { tree } = compileTree(list([[isText('a'), { ...action('1'), keepMatching: true }], [isText('a'), action('2')]]), { ...SITE, keepMatching: true });
    expect(tree!.match(a)).toBe('2');
  });
});

describe('what may stand in a tree', () => {
  test('is told by its consumer', () => {
    const sourceType = { singlePredicate: { input: extension('envoy.extensions.matching.common_inputs.network.v3.SourceTypeInput'), valueMatch: { exact: 'local' } } };
    const refusing = { ...SITE, refusedInput: (type: string) => (type.endsWith('SourceTypeInput') ? 'not here' : undefined) };
    expect(compileTree(list([[sourceType, action('a')]]), refusing).errors).toEqual(['matcher_list.matchers[0].predicate.single_predicate.input.typed_config: not here']);
    expect(compileTree(list([[isText('a'), action('a')]]), { ...SITE, actionTypes: new Set(['other']) }).errors).toEqual([
      "matcher_list.matchers[0].on_match.action.typed_config: Didn't find a registered implementation for 'x' with type URL: 'google.protobuf.StringValue'",
    ]);
  });

  test('an input of connections alone is unknown to requests', () => {
    const transport = { singlePredicate: { input: extension('envoy.extensions.matching.common_inputs.network.v3.TransportProtocolInput'), valueMatch: { exact: 'tls' } } };
    expect(compileTree(list([[transport, action('a')]])).errors).toHaveLength(1);
    expect(compileTree(list([[transport, action('a')]]), { ...SITE, inputs: 'envoy.matching.network.input' }).errors).toEqual([]);
  });

  test('the older message of Envoy has the same shape', () => {
    const { tree } = compileTree(list([[isText('a'), action('1')]]), SITE, 'envoy.config.common.matcher.v3.Matcher');
    expect(tree!.match(a)).toBe('1');
  });
});

test('an input gives all lines of a header, joined', () => {
  const data = dataOf({ x: 'a' });
  data.requestHeaders!.addText('x', 'b');
  expect(decide(map('exactMatchMap', { 'a,b': action('both') }), data)).toBe('both');
});

test('text of the environment is text on the wire', () => {
  const variable = (name: string) => extension('envoy.extensions.matching.common_inputs.environment_variable.v3.Config', { name });
  const isSet = (name: string) => list([[{ singlePredicate: { input: variable(name), valueMatch: { exact: 'é' } } }, action('set')]]);
  expect(decide(isSet('SET'), a)).toBe('set');
  expect(decide(isSet('UNSET'), a)).toBe('none');
});

test('parts of a message that has not come yet leave a tree open', () => {
  const input = (name: string) => extension(`envoy.type.matcher.v3.Http${name}MatchInput`, name.includes('Code') || name.includes('Local') ? {} : { headerName: 'x' });
  for (const name of ['RequestTrailer', 'ResponseHeader', 'ResponseTrailer', 'ResponseStatusCode', 'ResponseStatusCodeClass', 'ResponseLocalReply']) {
    expect(decide(list([[{ singlePredicate: { input: input(name), valueMatch: { prefix: 'a' } } }, action('a')]]), a)).toBe('undecided');
  }
});

test('a status is a text, its class another', () => {
  const data = dataOf({});
  data.responseHeaders = dataOf({}).requestHeaders!;
  data.responseHeaders.status = 404;
  const by = (name: string) => ({ matcherTree: { input: extension(`envoy.type.matcher.v3.HttpResponse${name}MatchInput`), exactMatchMap: { map: { '404': action('code'), '4xx': action('class') } } } });
  expect(decide(by('StatusCode'), data)).toBe('code');
  expect(decide(by('StatusCodeClass'), data)).toBe('class');
});

test('a reply of the proxy itself is told from one of an upstream', () => {
  const tree = { matcherTree: { input: extension('envoy.type.matcher.v3.HttpResponseLocalReplyMatchInput'), exactMatchMap: { map: { true: action('own'), false: action('theirs') } } } };
  const data = dataOf({});
  data.info.responseCodeDetails = 'via_upstream';
  expect(decide(tree, data)).toBe('theirs');
  data.info.responseCodeDetails = 'route_not_found';
  expect(decide(tree, data)).toBe('own');
});

test('a share of all values is taken by their hash', () => {
  const share = (threshold: number) => ({ singlePredicate: { input: header('x'), customMatch: extension('envoy.extensions.matching.input_matchers.consistent_hashing.v3.ConsistentHashing', { threshold, modulo: 100 }) } });
  const taken = Array.from({ length: 400 }, (_, index) => decide(list([[share(70), action('in')]]), dataOf({ x: `user ${index}` }))).filter((found) => found === 'in');
  expect(taken.length).toBeGreaterThan(80);
  expect(taken.length).toBeLessThan(160);
  expect(compileTree(list([[share(101), action('in')]])).errors).toEqual(['matcher_list.matchers[0].predicate.single_predicate.custom_match.typed_config: threshold cannot be greater than modulo: 101 > 100']);
});
