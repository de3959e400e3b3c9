import { describe, expect, it } from 'vitest';
import { FilterRig } from '../../../../src/testing/index.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3';
const rigOf = (mutations: object) => new FilterRig({ filters: [{ name: 'mutate', typed_config: { '@type': `${TYPE}.HeaderMutation`, mutations } }] });

describe('header_mutation', () => {
  it('applies each mutation to what those before it left', () => {
    const rig = rigOf({
      request_mutations: [{ append: { header: { key: 'x-a', value: '1' } } }, { append: { header: { key: 'x-b', value: '%REQ(x-a)%' } } }, { remove: 'x-a' }],
    });
    const { headers } = rig.send().upstream!;
    expect(headers['x-b']).toBe('1');
    expect(headers['x-a']).toBeUndefined();
  });

  it('never lets a decoded parameter break the request line', () => {
    const rig = rigOf({ query_parameter_mutations: [{ append: { record: { key: 'k', value: 'v' } } }] });
    expect(rig.send({ path: '/?a=%0d%0aX:%20y&b=%2F' }).upstream!.headers[':path']).toBe('/?a=%0d%0aX:%20y&b=/&k=v');
  });

  it('refuses to touch pseudo-headers', () => {
    expect(() => rigOf({ request_mutations: [{ remove: ':path' }] })).toThrow('may not be removed');
  });
});
