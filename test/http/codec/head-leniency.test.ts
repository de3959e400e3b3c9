import { expect, it } from 'vitest';
import { emptyRuntime, type Runtime } from '../../../src/core/runtime.ts';
import { STRICT } from '../../../src/http/codec/h1-head.ts';
import { LENIENT_HEADS_KEY, LeniencyChoice } from '../../../src/http/codec/head-leniency.ts';

const options = { leniency: { ...STRICT, chunkedLength: true }, trailers: true };

it('heads are read strictly unless the runtime says otherwise', () => {
  expect(new LeniencyChoice(emptyRuntime, options).current).toBe(options);
});

it('the runtime flag takes effect on the connections that begin after it', () => {
  let on = false;
  const runtime: Runtime = { ...emptyRuntime, version: 1, feature: (key, otherwise) => (key === LENIENT_HEADS_KEY ? on : otherwise) };
  const choice = new LeniencyChoice(runtime, options);
  expect(choice.current).toBe(options);
  on = true;
  expect(choice.current).toEqual({ leniency: { foldedLines: true, severalHosts: true, bareCarriageReturn: true, chunkedLength: true }, trailers: true });
});
