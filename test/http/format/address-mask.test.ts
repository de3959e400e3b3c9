import { describe, expect, it } from 'vitest';
import { ipAddressBytes, maskedAddressText } from '../../../src/http/format/address-mask.ts';

const masked = (host: string, bits: number): string => maskedAddressText(ipAddressBytes(host)!, bits);

describe('a masked address', () => {
  it('keeps its leading bits', () => {
    expect(masked('10.255.3.4', 0)).toBe('0.0.0.0/0');
    expect(masked('10.255.3.4', 12)).toBe('10.240.0.0/12');
    expect(masked('10.255.3.4', 32)).toBe('10.255.3.4/32');
    expect(masked('2001:db8:ffff::1', 33)).toBe('2001:db8:8000::/33');
    expect(masked('2001:db8:0:1:0:0:0:1', 128)).toBe('2001:db8:0:1::1/128');
    expect(masked('::ffff:1.2.3.4', 104)).toBe('::ffff:1.0.0.0/104');
    expect(masked('::1.2.3.4', 128)).toBe('::1.2.3.4/128');
    expect(masked('64:ff9b::1.2.3.4', 128)).toBe('64:ff9b::102:304/128');
    expect(masked('::1', 128)).toBe('::1/128');
    expect(masked('::', 128)).toBe('::/128');
    expect(masked('1:0:0:2:0:0:0:0', 128)).toBe('1:0:0:2::/128');
  });

  it('is made of IP literals only', () => {
    for (const host of ['', 'a.b', '1.2.3', '1.2.3.256', '1:2', '1::2::3', '1:2:3:4:5:6:7:8:9', 'g::', '::1.2.3', '1:2:3:4:5:6:7::8']) {
      expect(ipAddressBytes(host), host).toBeUndefined();
    }
  });
});
