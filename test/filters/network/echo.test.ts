import { expect, test } from 'vitest';
import type { CompileContext } from '../../../src/core/extension.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { echoExtension, UNSENT_LIMIT_BYTES } from '../../../src/filters/network/echo/extension.ts';
import { FakeConnection } from '../../support/fake-connection.ts';

test('what a client does not take is no longer read from it', () => {
  const connection = new FakeConnection();
  const filter = echoExtension.compile({} as never, ConfigPath.root, {} as CompileContext);
  const owner = filter.onNewConnection(connection, undefined as never, undefined as never);
  connection.owner = owner;
  connection.receive('hello');
  expect(connection.written).toBe('hello');
  connection.unsentBytes = UNSENT_LIMIT_BYTES;
  connection.receive('a');
  expect(connection.paused).toBe(false);
  connection.unsentBytes++;
  connection.receive('b');
  expect(connection.paused).toBe(true);
  owner.onDrained();
  expect(connection.paused).toBe(false);
});
