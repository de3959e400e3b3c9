import { describe, expect, it } from 'vitest';
import {
  customHeaderDetectionExtension,
  type IpDetector,
  OriginalIpDetection,
  xffDetectionExtension,
} from '../../../../src/filters/network/http-connection-manager/original-ip-detection.ts';
import { ConfigPath } from '../../../../src/core/problems.ts';
import type { CompileContext } from '../../../../src/core/extension.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { ipAddress } from '../../../../src/transport/address.ts';

const PEER = ipAddress('9.9.9.9', 1234);

describe('the client address from X-Forwarded-For', () => {
  it('stands as many places before the end as hops are trusted', () => {
    expect(found(xff({ xffNumTrustedHops: 1 }), '1.1.1.1, 2.2.2.2')).toBe('1.1.1.1');
    expect(found(xff({}), '1.1.1.1, 2.2.2.2')).toBe('2.2.2.2');
    expect(found(xff({ xffNumTrustedHops: 2 }), '1.1.1.1, 2.2.2.2')).toBeUndefined();
  });

  it('is the last one outside the trusted ranges', () => {
    const detector = xff({ xffTrustedCidrs: ranges('9.0.0.0/8', '2.0.0.0/8') });
    expect(found(detector, '1.1.1.1, 3.3.3.3, 2.2.2.2')).toBe('3.3.3.3');
    expect(found(detector, '2.1.1.1, 2.2.2.2')).toBe('2.1.1.1');
    expect(found(detector, '1.1.1.1, x, 2.2.2.2')).toBeUndefined();
  });

  it('is not believed to a peer outside the trusted ranges, which is appended', () => {
    const detection = xff({ xffTrustedCidrs: ranges('2.0.0.0/8') }).detect(withHeader('x-forwarded-for', '1.1.1.1'), PEER);
    expect(detection).toMatchObject({ address: undefined, appendsXff: true });
  });

  it('may make the request internal when it stands alone', () => {
    expect(xff({}).detect(withHeader('x-forwarded-for', '1.1.1.1'), PEER).trusted).toBe(true);
    expect(xff({}).detect(withHeader('x-forwarded-for', '1.1.1.1,2.2.2.2'), PEER).trusted).toBe(false);
  });
});

describe('the client address from another header', () => {
  it('must be an address and nothing else', () => {
    const detector = custom({});
    expect(detector.detect(withHeader('x-real-ip', '1.2.3.4'), PEER).address?.host).toBe('1.2.3.4');
    expect(detector.detect(withHeader('x-real-ip', '1.2.3.4:80'), PEER).address).toBeUndefined();
  });

  it('rejects requests without it with an error status only', () => {
    expect(custom({ rejectWithStatus: { code: 401 } }).detect(new HeaderMap(), PEER).rejectStatus).toBe(401);
    expect(custom({ rejectWithStatus: { code: 200 } }).detect(new HeaderMap(), PEER).rejectStatus).toBe(403);
    expect(custom({}).detect(new HeaderMap(), PEER).rejectStatus).toBe(0);
  });
});

it('the first detector that knows the address wins', () => {
  const both = new OriginalIpDetection([custom({}), xff({ skipXffAppend: false })]);
  const headers = withHeader('x-forwarded-for', '5.5.5.5');
  expect(both.detect(headers, PEER)).toMatchObject({ address: { host: '5.5.5.5' }, appendsXff: true });
  headers.addText('x-real-ip', '1.1.1.1');
  expect(both.detect(headers, PEER)).toMatchObject({ address: { host: '1.1.1.1' }, appendsXff: false });
});

function xff(message: object): IpDetector {
  return xffDetectionExtension.compile({ xffNumTrustedHops: 0, ...message } as never, ConfigPath.root, {} as CompileContext);
}

function custom(message: object): IpDetector {
  const config = { headerName: 'X-Real-IP', allowExtensionToSetAddressAsTrusted: false, ...message };
  return customHeaderDetectionExtension.compile(config as never, ConfigPath.root, {} as CompileContext);
}

function ranges(...texts: string[]): object {
  return { cidrs: texts.map((text) => ({ addressPrefix: text.split('/')[0], prefixLen: Number(text.split('/')[1]) })) };
}

function withHeader(name: string, value: string): HeaderMap {
  const headers = new HeaderMap();
  headers.addText(name, value);
  return headers;
}

function found(detector: IpDetector, xForwardedFor: string): string | undefined {
  return detector.detect(withHeader('x-forwarded-for', xForwardedFor), PEER).address?.host;
}
