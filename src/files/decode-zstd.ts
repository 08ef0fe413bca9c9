// Zstandard, with what its frames may ask for looked at first: a block of four bytes can stand for 128 KiB.
// Source: RFC 8878, sections 3.1.1 (frames) and 3.1.1.2 (blocks).
import { decompressZstd } from "hyparquet-compressors";

/** Most that is unpacked from one piece, bytes. */
const MOST_BYTES = 2 ** 30;
/** The largest window that a decoder must take without being told to, bytes. */
const MOST_WINDOW = 2 ** 27;
const BLOCK_BYTES = 2 ** 17;
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

/**
 * Unpacks Zstandard frames.
 *
 * @throws Error the frames are broken, or stand for more than 1 GiB.
 */
export function decodeZstd(bytes: Uint8Array): Uint8Array {
  let total = 0;
  for (let at = 0; at < bytes.length; ) {
    const frame = frameSize(bytes, at);
    total += frame.unpacked;
    at = frame.end;
    if (at > bytes.length)
      throw new Error(`zstd frames must end with their bytes, got one of ${at} in ${bytes.length}`);
    if (!(total <= MOST_BYTES))
      throw new Error(`zstd frames must hold at most ${MOST_BYTES} bytes, got ${total} or more`);
  }
  // A copy, because typed arrays of 8-byte values must begin at a multiple of 8.
  return decompressZstd(bytes).slice();
}

/** Where a frame ends, and the most bytes that it can stand for. */
function frameSize(bytes: Uint8Array, start: number): { readonly end: number; readonly unpacked: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(start, true);
  if (magic >>> 4 === SKIPPABLE >>> 4) return { end: start + 8 + view.getUint32(start + 4, true), unpacked: 0 };
  if (magic !== MAGIC) throw new Error("zstd frames must begin with their magic number");
  const flags = view.getUint8(start + 4);
  const isSingle = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  const contentBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6]!;
  if (!isSingle) checkWindow(view.getUint8(start + 5));
  let at = start + 5 + (isSingle ? 0 : 1) + dictionaryBytes;
  const declared =
    contentBytes === 8 ? Number(view.getBigUint64(at, true)) : contentBytes === 4 ? view.getUint32(at, true) : 0;
  at += contentBytes;
  let unpacked = 0;
  for (let isLast = false; !isLast; ) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    isLast = (header & 1) === 1;
    const type = (header >> 1) & 3;
    const size = header >>> 3;
    if (type === 3) throw new Error("zstd blocks must be raw, repeated or compressed, got type 3");
    unpacked += type === 2 ? BLOCK_BYTES : size;
    at += 3 + (type === 1 ? 1 : size);
  }
  return { end: at + ((flags & 4) !== 0 ? 4 : 0), unpacked: Math.max(declared, unpacked) };
}

function checkWindow(descriptor: number): void {
  const base = 2 ** (10 + (descriptor >> 3));
  const window = base + (base / 8) * (descriptor & 7);
  if (window > MOST_WINDOW) throw new Error(`zstd windows must be at most ${MOST_WINDOW} bytes, got ${window}`);
}
