import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { MessageIdentity, textOfMessages } from '../../src/api/message-identity.ts';
import { schemaOf } from '../../src/api/registry.ts';
import { loadContent } from '../../src/config/loader.ts';

const LISTENER = schemaOf('envoy.config.listener.v3.Listener');

function listenerOf(yaml: string) {
  const { message, problems } = loadContent(LISTENER, { name: 'l', content: yaml, format: 'yaml' });
  expect(problems.errors).toEqual([]);
  return message!;
}

const ROUTER = '{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router, dynamic_stats: true }';

describe('what a message says', () => {
  const one = `{ name: a, stat_prefix: s, tcp_backlog_size: 7, access_log: [{ name: x, typed_config: ${ROUTER} }] }`;
  const reordered = `{ tcp_backlog_size: 7, access_log: [{ typed_config: ${ROUTER}, name: x }], stat_prefix: s, name: a }`;
  const changed = one.replace('true', 'false');

  it('is the same in whatever order its fields were written', () => {
    expect(new MessageIdentity(LISTENER, listenerOf(one)).equals(new MessageIdentity(LISTENER, listenerOf(reordered)))).toBe(true);
    expect(textOfMessages(listenerOf(one))).toBe(textOfMessages(listenerOf(reordered)));
  });

  it('differs where something inside an Any does', () => {
    expect(new MessageIdentity(LISTENER, listenerOf(one)).equals(new MessageIdentity(LISTENER, listenerOf(changed)))).toBe(false);
    expect(textOfMessages(listenerOf(one))).not.toBe(textOfMessages(listenerOf(changed)));
  });

  it('may be asked for again and again', () => {
    const identity = new MessageIdentity(LISTENER, listenerOf(one));
    for (let round = 0; round < 2; round++) expect(identity.equals(new MessageIdentity(LISTENER, listenerOf(one)))).toBe(true);
  });

  it('is text also for bytes, 64-bit numbers and what is not set', () => {
    const any = create(schemaOf('google.protobuf.Any'), { typeUrl: 'a/b', value: new Uint8Array([1, 2]) });
    expect(textOfMessages([any, 3n, null])).toBe('[{"$typeName":"google.protobuf.Any","typeUrl":"a/b","value":"AQI="},"3",null]');
    expect(textOfMessages(undefined)).toBe('');
  });
});
