/** Texts as Arrow keeps them: text i is the UTF-8 bytes [offsets[i], offsets[i + 1]). */
export interface TextColumn {
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Packs texts. */
export function packTexts(texts: ArrayLike<string>): TextColumn {
  const offsets = new Int32Array(texts.length + 1);
  let bytes = new Uint8Array(Math.max(16, texts.length * 8));
  let at = 0;
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i]!;
    // A UTF-16 unit takes at most three bytes.
    if (at + text.length * 3 > bytes.length) bytes = grown(bytes, at + text.length * 3);
    at += encoder.encodeInto(text, bytes.subarray(at)).written;
    offsets[i + 1] = at;
  }
  return { offsets, bytes: bytes.subarray(0, at) };
}

/** Text i. */
export function textAt({ offsets, bytes }: TextColumn, i: number): string {
  return decoder.decode(bytes.subarray(offsets[i]!, offsets[i + 1]!));
}

/** Every text. */
export function unpackTexts(column: TextColumn): string[] {
  return Array.from({ length: column.offsets.length - 1 }, (_, i) => textAt(column, i));
}

/** The texts of a dictionary at the given places: bytes are copied, no string is made. */
export function takeTexts(dictionary: TextColumn, places: Int32Array): TextColumn {
  const offsets = new Int32Array(places.length + 1);
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    offsets[i + 1] = offsets[i]! + dictionary.offsets[place + 1]! - dictionary.offsets[place]!;
  }
  const bytes = new Uint8Array(offsets.at(-1)!);
  for (let i = 0; i < places.length; i++) {
    let from = dictionary.offsets[places[i]!]!;
    for (let at = offsets[i]!; at < offsets[i + 1]!; at++) bytes[at] = dictionary.bytes[from++]!;
  }
  return { offsets, bytes };
}

function grown(bytes: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(bytes.length * 2, least));
  larger.set(bytes);
  return larger;
}
