/**
 * The descriptor pack: every kept file's `FileDescriptorProto` bytes behind an index of the types they define, so that opening it costs
 * one read and one JSON.parse.
 *
 *     u32 (little endian) length of the index · the index as JSON · the files' bytes, in the order of the index
 */

/** One file of the pack: its messages and enums, without services, extensions, imports. */
export interface PackedFile {
  readonly name: string;
  readonly byteLength: number;
  readonly package: string;
  /** Names without the package: `Cluster.DnsConfig`. */
  readonly messages: readonly string[];
  readonly enums: readonly string[];
}

export class DescriptorPack {
  readonly files: readonly PackedFile[];
  readonly #bytes: Uint8Array;
  /** Where each file's bytes start. */
  readonly #offsets: Uint32Array;

  constructor(bytes: Uint8Array) {
    const indexLength = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    const index = new TextDecoder().decode(bytes.subarray(4, 4 + indexLength));
    this.files = JSON.parse(index) as PackedFile[];
    this.#bytes = bytes;
    this.#offsets = new Uint32Array(this.files.length);
    let offset = 4 + indexLength;
    for (let i = 0; i < this.files.length; i++) {
      this.#offsets[i] = offset;
      offset += this.files[i].byteLength;
    }
  }

  fileBytes(position: number): Uint8Array {
    const start = this.#offsets[position];
    return this.#bytes.subarray(start, start + this.files[position].byteLength);
  }
}
