import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import type { Listener } from '../../src/api/generated/envoy/config/listener/v3.ts';
import { MessageIdentity } from '../../src/api/message-identity.ts';
import { schemaOf } from '../../src/api/registry.ts';
import type { RuntimeValue } from '../../src/core/runtime.ts';
import { type JudgedListener, judgedListeners, type JudgedListeners, RunningListeners } from '../../src/server/listener-changes.ts';

const schema = schemaOf('envoy.config.listener.v3.Listener');

function judged(name: string, statPrefix: string, files = ''): JudgedListener {
  const message = create(schema, { name, statPrefix }) as unknown as Listener;
  return { name, message, identity: new MessageIdentity(schema, message as never, files) };
}

const all = (listeners: readonly JudgedListener[], runtime: ReadonlyMap<string, RuntimeValue> = new Map()): JudgedListeners => judgedListeners(listeners, runtime);

/** Names of those that are to be compiled. */
const compiled = (running: RunningListeners, listeners: JudgedListeners): string[] =>
  running.updates(listeners).flatMap(({ name, message }) => (message === undefined ? [] : [name]));

test('a worker compiles what is new or changed, and knows the names of all', () => {
  const running = new RunningListeners();
  expect(compiled(running, all([judged('a', '1'), judged('b', '1')]))).toEqual(['a', 'b']);
  running.took(all([judged('a', '1'), judged('b', '1')]));
  const next = all([judged('a', '1'), judged('b', '2'), judged('c', '1')]);
  expect(compiled(running, next)).toEqual(['b', 'c']);
  expect(running.updates(next).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});

// A worker that is replaced compiles it where it stands now, and all are to count in one place.
test('one that stands elsewhere is compiled again', () => {
  const running = new RunningListeners();
  running.took(all([judged('a', '1'), judged('b', '1'), judged('c', '1')]));
  expect(compiled(running, all([judged('b', '1'), judged('a', '1'), judged('c', '1')]))).toEqual(['b', 'a']);
});

test('one that has gone is new when it comes again', () => {
  const running = new RunningListeners();
  running.took(all([judged('a', '1')]));
  running.took(all([]));
  expect(compiled(running, all([judged('a', '1')]))).toEqual(['a']);
});

test('one whose files hold something else has changed', () => {
  const running = new RunningListeners();
  running.took(all([judged('a', '1', 'before'), judged('b', '1', 'same')]));
  expect(compiled(running, all([judged('a', '1', 'after'), judged('b', '1', 'same')]))).toEqual(['a']);
});

test('all are compiled again when the runtime has other values, which may count while they are compiled', () => {
  const running = new RunningListeners();
  running.took(all([judged('a', '1')], new Map([['http_connection_manager.normalize_path', 0]])));
  expect(compiled(running, all([judged('a', '1')], new Map([['http_connection_manager.normalize_path', 1]])))).toEqual(['a']);
  expect(compiled(running, all([judged('a', '1')], new Map([['http_connection_manager.normalize_path', 0]])))).toEqual([]);
});

test('all are compiled again when it is not known what runs', () => {
  const running = new RunningListeners();
  running.took(all([judged('a', '1')]));
  running.forget();
  expect(compiled(running, all([judged('a', '1')]))).toEqual(['a']);
});
