import { expect, test } from 'vitest';
import { sanitizeStatName } from '../../../src/core/stats/names.ts';

test.each([
  ['web', 'web'],
  ['b://x:/y:z.', 'b_x_y_z'],
  ['0.0.0.0:80', '0.0.0.0_80'],
  ['[::1]:443', '[__1]_443'],
  ['outbound|80||a.b.svc', 'outbound|80||a.b.svc'],
  ['.a.', 'a'],
  ['..a..', '.a.'],
  ['.', ''],
  ['', ''],
  ['a\0b', 'a_b'],
])('%j becomes %j', (name, sanitized) => {
  expect(sanitizeStatName(name)).toBe(sanitized);
});
