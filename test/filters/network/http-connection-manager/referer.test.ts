import { expect, it } from 'vitest';
import { isGoodReferer } from '../../../../src/filters/network/http-connection-manager/referer.ts';

it.each(['http://a.com/x?y', 'HTTP://A.COM', 'http://a.com?q', 'http://[::1]:80/x', 'android-app://x/y', 'a.com/x', '/x', '//x', '*'])('%s is passed on', (text) => {
  expect(isGoodReferer(text)).toBe(true);
});

it.each(['about:blank', 'http://', 'http://a b/', 'http://user:p@a.com/', 'http://a.com:99999/', 'http:/x', '/a b', '/a#b', 'http://a_b/', 'http://a.com:/', 'https://a.com/\xe9'])(
  '%s is not',
  (text) => {
    expect(isGoodReferer(text)).toBe(false);
  },
);
