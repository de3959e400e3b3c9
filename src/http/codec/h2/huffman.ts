import { latin1 } from '../../../core/latin1.ts';

/**
 * The Huffman code of HPACK (RFC 7541, Appendix B). The code is canonical, so the lengths say it all. Decoding walks a table with four
 * bits at a time.
 */
// prettier-ignore
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
/** The end-of-string code, which must not appear: 30 bits, all ones. */
const EOS = 256;
const EOS_LENGTH = 30;

const FAILED = -1;
const NO_SYMBOL = -1;

interface Tree {
  /** Two children a node; FAILED where there is none. */
  readonly children: number[];
  readonly symbols: number[];
  /** Bits from the root when these are all ones, as padding is, else FAILED. */
  readonly onesDepth: number[];
}

function buildTree(): Tree {
  const tree: Tree = { children: [FAILED, FAILED], symbols: [NO_SYMBOL], onesDepth: [0] };
  const order = LENGTHS.map((length, symbol) => ({ length, symbol }));
  order.push({ length: EOS_LENGTH, symbol: EOS });
  order.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let code = 0;
  let previousLength = order[0]!.length;
  for (const [index, { length, symbol }] of order.entries()) {
    if (index > 0) code = (code + 1) * 2 ** (length - previousLength);
    previousLength = length;
    insert(tree, code, length, symbol);
  }
  return tree;
}

function insert({ children, symbols, onesDepth }: Tree, code: number, length: number, symbol: number): void {
  let node = 0;
  for (let bit = length - 1; bit >= 0; bit--) {
    const branch = Math.floor(code / 2 ** bit) & 1;
    if (children[node * 2 + branch] === FAILED) {
      children[node * 2 + branch] = symbols.length;
      children.push(FAILED, FAILED);
      symbols.push(NO_SYMBOL);
      onesDepth.push(branch === 1 && onesDepth[node] !== FAILED ? onesDepth[node]! + 1 : FAILED);
    }
    node = children[node * 2 + branch]!;
  }
  symbols[node] = symbol;
}

const tree = buildTree();
/** By node and four bits: the next node (FAILED: not a code), and the symbol passed on the way. No two codes fit into four bits. */
const nextNode = new Int16Array(tree.symbols.length * 16).fill(FAILED);
const passedSymbol = new Int16Array(tree.symbols.length * 16).fill(NO_SYMBOL);
for (let node = 0; node < tree.symbols.length; node++) {
  for (let bits = 0; bits < 16; bits++) {
    let at = node;
    for (let bit = 3; bit >= 0 && at !== FAILED; bit--) {
      at = tree.children[at * 2 + ((bits >> bit) & 1)]!;
      if (at === FAILED) break;
      const symbol = tree.symbols[at]!;
      if (symbol === EOS) at = FAILED;
      else if (symbol !== NO_SYMBOL) {
        passedSymbol[node * 16 + bits] = symbol;
        at = 0;
      }
    }
    nextNode[node * 16 + bits] = at;
  }
}
/** Padding is at most seven bits, all ones. */
const mayEnd = Uint8Array.from(tree.onesDepth, (depth) => (depth !== FAILED && depth < 8 ? 1 : 0));

/** The shortest code has five bits. */
const MAX_GROWTH = 8 / 5;
let scratch = Buffer.allocUnsafeSlow(4096);

/** The text of `bytes[at, end)`; undefined when they are not of this code. */
export function huffmanDecode(bytes: Uint8Array, at: number, end: number): string | undefined {
  const needed = Math.ceil((end - at) * MAX_GROWTH);
  if (needed > scratch.length) scratch = Buffer.allocUnsafeSlow(needed * 2);
  const out = scratch;
  let length = 0;
  let node = 0;
  for (let i = at; i < end; i++) {
    const byte = bytes[i]!;
    let slot = (node << 4) | (byte >> 4);
    let symbol = passedSymbol[slot]!;
    if (symbol !== NO_SYMBOL) out[length++] = symbol;
    node = nextNode[slot]!;
    if (node === FAILED) return undefined;
    slot = (node << 4) | (byte & 15);
    symbol = passedSymbol[slot]!;
    if (symbol !== NO_SYMBOL) out[length++] = symbol;
    node = nextNode[slot]!;
    if (node === FAILED) return undefined;
  }
  return mayEnd[node] === 1 ? latin1(out, 0, length) : undefined;
}
