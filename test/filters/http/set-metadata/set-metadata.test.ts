import { describe, expect, it } from 'vitest';
import { FilterRig } from '../../../../src/testing/index.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config';

describe('set_metadata', () => {
  it('merges what may be overwritten anew for every stream', () => {
    const metadata = [
      { metadata_namespace: 'a', value: { l: [1], s: { x: 1, y: 2 } } },
      { metadata_namespace: 'a', allow_overwrite: true, value: { l: [2], s: { x: 3 } } },
    ];
    const header = { key: 'x-a', value: '%DYNAMIC_METADATA(a)%' };
    const rig = new FilterRig({ filters: [{ name: 'set', typed_config: { '@type': TYPE, metadata } }], virtualHost: { request_headers_to_add: [{ header }] } });
    for (let count = 0; count < 2; count++) expect(rig.send({}).upstream!.headers['x-a']).toBe('{"l":[1,2],"s":{"x":3,"y":2}}');
  });

  it('merges keys that have the name of a member of objects like others', () => {
    const struct = (text: string): unknown => JSON.parse(`{ "__proto__": ${text}, "constructor": ${text} }`);
    const metadata = [
      { metadata_namespace: 'a', value: struct('{ "x": 1 }') },
      { metadata_namespace: 'a', allow_overwrite: true, value: struct('{ "y": 2 }') },
    ];
    const header = { key: 'x-a', value: '%DYNAMIC_METADATA(a)%' };
    const rig = new FilterRig({ filters: [{ name: 'set', typed_config: { '@type': TYPE, metadata } }], virtualHost: { request_headers_to_add: [{ header }] } });
    expect(rig.send({}).upstream!.headers['x-a']).toBe('{"__proto__":{"x":1,"y":2},"constructor":{"x":1,"y":2}}');
  });

  it('counts what may not be overwritten', () => {
    const metadata = [{ metadata_namespace: 'a', value: { k: 1 } }, { metadata_namespace: 'a', value: { k: 2 } }];
    const rig = new FilterRig({ filters: [{ name: 'set', typed_config: { '@type': TYPE, metadata } }] });
    rig.send({});
    expect(rig.stat('http.test.set_metadata.overwrite_denied')).toBe(1);
  });
});
