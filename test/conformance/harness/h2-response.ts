/** The `status` step of an upstream that speaks HTTP/2, as frames. */

type Tree = Record<string, unknown>;

/** Without a length: END_STREAM says where the body ends. */
export const responseFrames = (step: Tree): unknown[] => {
  const status = Number(step.status);
  const chunks = (step.chunks as readonly string[] | undefined) ?? (step.body === undefined ? [] : [String(step.body)]);
  const { trailers } = step;
  const isInterim = status < 200;
  const head = { headers: 1, status, fields: step.headers ?? {}, end: !isInterim && chunks.length === 0 && trailers === undefined };
  const data = chunks.map((text, index) => ({ data: 1, text, end: index === chunks.length - 1 && trailers === undefined }));
  return [head, ...data, ...(trailers === undefined ? [] : [{ trailers: 1, fields: trailers }])];
};
