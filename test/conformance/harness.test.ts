import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { differences } from './harness/answer.ts';
import { buildConfig, layer } from './harness/base-config.ts';
import type { Case } from './harness/case.ts';
import { clientSteps, upstreamScript } from './harness/case-steps.ts';
import { replay } from './harness/compare.ts';
import { readCases } from './harness/case-files.ts';
import { playGroup } from './harness/groups.ts';
import { joinChunks, messageExtent, responsesIn } from './harness/message-text.ts';
import { Normaliser } from './harness/normalise.ts';
import { createNuncioTarget } from './harness/nuncio-target.ts';
import { fillText, fillTree } from './harness/placeholders.ts';
import { recordCases } from './harness/record.ts';
import { complaints, parseOpenDifferences } from './harness/open-differences.ts';
import { findRecording, isRecorded } from './harness/recordings.ts';
import type { Target } from './harness/target.ts';
import { checkDifferences, judge, report } from './harness/verdict.ts';

const BASES = new URL('bases/', import.meta.url);

const normaliser = (said = ''): Normaliser =>
  new Normaliser({ ports: new Map([[40001, 'origin']]), paths: new Map([['/tmp/x/access.log', 'log']]), said, masks: [] });

describe('case files', () => {
  it('are all readable, recorded and named once', () => {
    const cases = readCases();
    expect(cases.filter((one) => !isRecorded(one)).map((one) => one.id)).toEqual([]);
    expect(new Set(cases.map((one) => one.id)).size).toBe(cases.length);
    expect(() => checkDifferences(cases)).not.toThrow();
  });

  it('hold no path of the machine that they were recorded on', () => {
    const project = fileURLToPath(new URL('../../', import.meta.url));
    const telling = readCases().filter((one) => JSON.stringify(findRecording(one)).includes(project));
    expect(telling.map(({ id }) => id)).toEqual([]);
  });

  it('say in one line what is wrong with a step', () => {
    expect(() => clientSteps([{ reqest: 'x' }], 'area/topic#case')).toThrow("area/topic#case step 1: unknown key 'reqest' (did you mean 'request'?)");
    expect(() => clientSteps([{ await: 'nothing' }], 'c')).toThrow('c step 1: await takes response, interim, close or stream <id>');
    expect(() => upstreamScript({ when: 'later' }, 'c')).toThrow('c: when takes request, head or connect');
  });

  it('turn a structured request into bytes with host and length', () => {
    expect(clientSteps([{ request: 'POST /x', body: 'hello' }], 'c')).toMatchObject([
      { do: 'send', text: 'POST /x HTTP/1.1\r\nhost: example.com\r\ncontent-length: 5\r\n\r\nhello', method: 'POST' },
      { do: 'await-response' },
    ]);
  });

  it('turn a block of lines into a head, folded lines included', () => {
    expect(clientSteps([{ head: 'GET / HTTP/1.1\nx-a: 1\n  folded\n' }], 'c')).toMatchObject([
      { text: 'GET / HTTP/1.1\r\nx-a: 1\r\n  folded\r\n\r\n' },
    ]);
  });
});

describe('configurations', () => {
  it('merge maps, replace lists and remove what is null', () => {
    const routes = [{ match: { prefix: '/x' }, route: { cluster: 'origin' } }];
    const config = JSON.stringify(buildConfig(BASES, 'gateway', { hcm: { delayed_close_timeout: null, via: 'v' }, routes }, ['origin', 'two']));
    expect(config).toContain('"via":"v"');
    expect(config).toContain('"routes":[{"match":{"prefix":"/x"}');
    expect(config).not.toContain('delayed_close_timeout');
    expect(config).toContain('"name":"two","type":"STATIC"');
    expect(config).toContain('"port_value":"{{port:two}}"');
  });

  it('name the slots a base has', () => {
    expect(() => buildConfig(BASES, 'gateway', { hmc: {} }, [])).toThrow("base 'gateway' has no slot 'hmc' (it has listener, hcm");
  });

  it('keep a removal when a case is laid over its topic', () => {
    expect(layer({ a: { b: 1 }, c: 2 }, { a: null })).toEqual({ a: null, c: 2 });
  });
});

describe('placeholders', () => {
  it('take the type of what they stand for', () => {
    const values = new Map<string, string | number>([['port:origin', 40001]]);
    expect(fillTree({ port: '{{port:origin}}', url: 'h:{{port:origin}}' }, values)).toEqual({ port: 40001, url: 'h:40001' });
    expect(fillText('{{ab*1}}'.replace('ab', 'a'), values)).toBe('a');
    expect(fillText('{{x*5}}', values)).toBe('xxxxx');
    expect(() => fillText('{{port:other}}', values)).toThrow('unknown placeholder {{port:other}}; known here: port:origin');
  });
});

describe('lengths that a step writes', () => {
  it('count what a placeholder stands for', () => {
    expect(clientSteps([{ request: 'POST /', body: '{{a*300}}b' }], 'c')[0]).toMatchObject({ text: expect.stringContaining('content-length: 301\r\n') });
    expect(upstreamScript({ status: 200, body: '{{a*300}}' }, 'u').replies[0]![0]).toMatchObject({ text: expect.stringContaining('content-length: 300\r\n') });
    expect(upstreamScript({ status: 200, chunks: ['{{a*300}}'] }, 'u').replies[0]![0]).toMatchObject({ text: expect.stringContaining('\r\n12c\r\n{{a*300}}\r\n') });
  });

  it('need a length to be given where nobody can know it yet', () => {
    expect(() => clientSteps([{ request: 'POST /', body: 'to {{port:origin}}' }], 'c')).toThrow('unknown placeholder {{port:origin}}');
  });
});

describe('message ends', () => {
  const request = { kind: 'request', method: '', closed: false } as const;

  it('are found for lengths, chunks and trailers', () => {
    const text = 'POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\nGET';
    expect(messageExtent(text, 0, request)?.end).toBe(text.length - 3);
    expect(messageExtent('GET / HTTP/1.1\r\ncontent-length: 2\r\n\r\nok', 0, request)?.end).toBe(39);
    expect(messageExtent('GET / HTTP/1.1\r\ncontent-length: 2\r\n\r\no', 0, request)?.end).toBe(-1);
    expect(messageExtent('GET / HTTP', 0, request)).toBeUndefined();
  });

  it('count final and interim responses, and know that HEAD has no body', () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n';
    expect(responsesIn(text, ['HEAD', 'GET'], false)).toEqual({ finals: 2, interims: 1 });
    expect(responsesIn('HTTP/1.1 200 OK\r\n\r\nuntil', ['GET'], false).finals).toBe(0);
    expect(responsesIn('HTTP/1.1 200 OK\r\n\r\nuntil', ['GET'], true).finals).toBe(1);
  });
});

describe('joining chunks', () => {
  const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
  const response = { kind: 'response', method: '', closed: false } as const;

  it('makes one chunk of many, in every message and in an unfinished one', () => {
    const text = `${head}3\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n${head}1\r\na\r\n1\r\nb\r\n4\r\nun`;
    expect(joinChunks(text, response)).toBe(`${head}5\r\nabcde\r\n0\r\nx: y\r\n\r\n${head}2\r\nab\r\n4\r\nun`);
  });

  it('leaves odd sizes and extensions to be seen', () => {
    const text = `${head}03\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n`;
    expect(joinChunks(text, response)).toBe(text);
  });

  it('leaves bodies with a length alone', () => {
    const text = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n1\r\na\r\nHTTP/1.1 204 No Content\r\n\r\n';
    expect(joinChunks(text, response)).toBe(text);
  });
});

describe('normalising', () => {
  it('names ports, paths, dates and long runs', () => {
    const text = `127.0.0.1:40001 127.0.0.1:51234 /tmp/x/access.log Sat, 21 Nov 2026 09:00:00 GMT ${'a'.repeat(300)}`;
    expect(normaliser().text(text)).toBe('127.0.0.1:{{port:origin}} 127.0.0.1:{{port}} {{log}} {{date}} {{a*300}}');
  });

  it('numbers ids in the order they come and keeps the digit that tells why they are traced', () => {
    const [one, two] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-a222-8222-222222222222'];
    const rules = normaliser();
    expect(rules.text(`${one} ${two} ${one}`)).toBe('{{uuid-1:4}} {{uuid-2:a}} {{uuid-1:4}}');
    expect(rules.text(two)).toBe('{{uuid-2:a}}');
  });

  it('keeps what the case itself sends', () => {
    const id = '11111111-1111-4111-8111-111111111111';
    expect(normaliser(`x-request-id: ${id}`).text(id)).toBe(id);
  });
});

describe('verdicts', () => {
  const answer = { client: {}, upstreams: {}, log: [], stats: { a: 1 }, admin: [] };
  const one = { id: 'a/t#c', area: 'a', difference: undefined } as Case;
  const named = { ...one, difference: 'reason' } as Case;
  const other = { ...answer, stats: { a: 2 } };

  it('are equal, stated or different', () => {
    expect(judge(one, answer, undefined, answer).kind).toBe('equal');
    expect(judge(one, answer, undefined, other)).toEqual({ kind: 'different', lines: ['stats.a: expected 1, got 2'] });
    expect(judge(named, answer, other, other)).toEqual({ kind: 'stated', reason: 'reason' });
  });

  it('notice a stated difference that is gone or has become another', () => {
    expect(judge(named, answer, other, answer).kind).toBe('different');
    expect(judge(named, answer, other, { ...answer, stats: { a: 3 } }).kind).toBe('different');
    expect(judge(named, answer, undefined, other).kind).toBe('different');
  });

  it('take a refusal at load as the answer where the heading names its fields', () => {
    const refusing = { ...one, difference: 'Refused at load: retry_policy, via' } as Case;
    const refused = (...lines: string[]) => judge(refusing, answer, undefined, { refused: lines }).kind;
    expect(refused('routes[0].route.retry_policy: not supported', 'hcm.via: not supported')).toBe('stated');
    expect(refused('routes[0].route.retry_policy: not supported', 'hcm.server_name: not supported')).toBe('different');
    expect(refused('no room for retry_policy')).toBe('different');
  });

  it('notice that a feature is served which was refused', () => {
    const refusing = { ...one, difference: 'Refused at load: via' } as Case;
    const served = "is served: remove 'difference: Refused at load: via'";
    expect(judge(refusing, answer, undefined, answer)).toEqual({ kind: 'different', lines: [served] });
    expect(judge(refusing, answer, undefined, other)).toEqual({ kind: 'different', lines: [served, 'stats.a: expected 1, got 2'] });
  });

  it('are different when the configuration is refused for no stated reason', () => {
    const refused = { refused: ['hcm.via: not supported'] };
    expect(judge(one, answer, undefined, refused)).toEqual({ kind: 'different', lines: ['refused at load: hcm.via: not supported'] });
    expect(judge(named, answer, other, refused).kind).toBe('different');
  });

  it('end in the line that scripts read', () => {
    const text = report([one], new Map([[one.id, { kind: 'equal' as const }]]));
    expect(text.split('\n').at(-1)).toBe('1 cases: 1 equal, 0 different for a stated reason, 0 different');
  });

  it('name the first place where answers differ', () => {
    expect(differences({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] })).toEqual(['a.1.b: expected 2, got 3']);
    expect(differences({ a: 1 }, {})).toEqual(['a: expected 1, got nothing']);
  });
});

describe('open differences', () => {
  const cases = [{ id: 'a/t#one' }, { id: 'a/t#two' }];

  it('hold on both transports or on the one that is named', () => {
    const open = parseOpenDifferences('# why\na/t#one\n\na/t#two public # only there\n', cases);
    expect([...open.direct]).toEqual(['a/t#one']);
    expect([...open.public]).toEqual(['a/t#one', 'a/t#two']);
  });

  it('say in one line what is wrong with the list', () => {
    expect(() => parseOpenDifferences('a/t#gone', cases)).toThrow('open-differences.txt:1: there is no case a/t#gone');
    expect(() => parseOpenDifferences('\na/t#one tcp', cases)).toThrow("open-differences.txt:2: 'tcp' is not a transport (direct, public)");
  });

  it('are complained about when they are gone, and others when they come', () => {
    expect(complaints({ kind: 'different', lines: ['x'] }, true)).toEqual([]);
    expect(complaints({ kind: 'different', lines: ['x'] }, false)).toEqual(['x']);
    expect(complaints({ kind: 'equal' }, true)).toEqual(['is equal: remove it from open-differences.txt']);
    expect(complaints({ kind: 'stated', reason: 'r' }, true)).toEqual(['is different for a stated reason: remove it from open-differences.txt']);
    expect(complaints({ kind: 'equal' }, false)).toEqual([]);
  });
});

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

/** A "proxy" that answers every request with the bytes of `answer`, after a while. */
const fakeTarget = (answer: () => string, delayMs = 0): Target => ({
  name: 'fake',
  async start() {
    const ingress = createServer((socket) => socket.on('data', () => setTimeout(() => socket.write(answer()), delayMs)).on('error', () => {}));
    const admin = createHttpServer((_, response) => response.end('cluster.x.count: 1\n'));
    const [port, adminPort] = [await listen(ingress), await listen(admin)];
    return {
      ports: new Map([['ingress', port]]),
      adminPort,
      stop: async () => {
        ingress.close();
        admin.close();
      },
    };
  },
});

describe('playing', () => {
  const [one] = readCases('request-parsing/connection#keep-alive-header');
  const received = ['HTTP/1.1 204 No Content', '', ''];
  const expected = { client: { a: { received, end: 'closed here' as const } }, upstreams: { origin: [] }, log: [], stats: {}, admin: [] };

  it('a client does not leave before it has what is expected, however slow the proxy is', async () => {
    const client = clientSteps([{ request: 'GET /', await: 'none' }, { pause: 1 }, 'close'], 'c');
    const target = fakeTarget(() => 'HTTP/1.1 204 No Content\r\n\r\n', 200);
    const verdicts = await playGroup(target, [{ ...one!, client }], () => expected);
    expect(verdicts.get(one!.id)).toMatchObject({ client: expected.client });
  });
});

describe('recording', () => {
  const one: Case = {
    ...readCases('request-parsing/connection#keep-alive-header')[0],
    client: clientSteps([{ request: 'GET /' }], 'c'),
  };

  it('keeps a case that answers the same in three runs', async () => {
    const { recorded, refused } = await recordCases(fakeTarget(() => 'HTTP/1.1 204 No Content\r\n\r\n'), [one], 1);
    expect(refused).toEqual([]);
    expect(recorded.get(one.id)?.answer.client.a).toEqual({ received: ['HTTP/1.1 204 No Content', '', ''], end: 'open' });
  });

  it('refuses a case that does not', async () => {
    let calls = 0;
    const { recorded, refused } = await recordCases(fakeTarget(() => `HTTP/1.1 204 No Content\r\nx: ${calls++}\r\n\r\n`), [one], 1);
    expect(recorded.size).toBe(0);
    expect(refused[0]).toMatch(/^request-parsing\/connection#keep-alive-header: not the same in 3 runs: client\.a\.received\.1: expected "x: 0", got "x: 1"$/);
  });
});

describe('a replay', () => {
  const one = readCases().filter(({ id }) => id === 'response-parsing/limits#long-reason');
  const nuncio = createNuncioTarget('direct');

  /** Does not start the first few times. */
  const failing = (times: number): Target => {
    let starts = 0;
    return { name: 'failing', start: (config) => (starts++ < times ? Promise.reject(new Error('busy')) : nuncio.start(config)) };
  };

  it('plays a case that differs once more, and then takes what it gets', async () => {
    expect([...(await replay(failing(1), one, 1)).values()]).toEqual([{ kind: 'equal' }]);
    expect([...(await replay(failing(2), one, 1)).values()]).toEqual([{ kind: 'different', lines: ['busy'] }]);
  });
});
