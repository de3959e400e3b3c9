import { expect, it } from 'vitest';
import { BodyBuffer } from '../../src/http/body-buffer.ts';

it('held body is a copy of what was lent, may be replaced, and is handed out once', () => {
  const buffer = new BodyBuffer();
  const lent = Buffer.from('ab');
  buffer.append(lent);
  lent.fill(0);
  buffer.append(Buffer.from('c'));
  expect([buffer.length, buffer.peek().toString()]).toEqual([3, 'abc']);
  buffer.replace(Buffer.from('longer'));
  expect([buffer.length, buffer.peek().toString()]).toEqual([6, 'longer']);
  expect(Buffer.concat(buffer.drain()).toString()).toBe('longer');
  expect([buffer.length, buffer.peek().length]).toEqual([0, 0]);
});
