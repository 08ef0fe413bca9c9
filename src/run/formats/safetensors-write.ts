import { DataError } from "../../errors.ts";
import { type WriteBytes, writeAtomically } from "../../files/atomic-write.ts";
import type { FileLayer } from "../../files/file-layer.ts";
import { bytesPerElement, DTYPES, type Dtype, elementCount, type TensorArray } from "./safetensors-dtypes.ts";
import { encodeHeader, MAX_HEADER_BYTES, type TensorEntry } from "./safetensors-header.ts";

/** A tensor to write: its numbers at once, or piece by piece so that a large table is never copied whole. */
export interface TensorSource {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Row-major; the pieces' lengths add up to the shape's product. */
  readonly data: TensorArray | Iterable<TensorArray> | AsyncIterable<TensorArray>;
}

export interface WriteSafetensorsOptions {
  /** Texts kept in the header. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly files?: FileLayer;
}

/**
 * Writes a safetensors file atomically. Tensors lie in the file by falling element size and then by name, so that each
 * is aligned and the same tensors give the same bytes.
 *
 * @param tensors - by name, e.g. `teacher/experts/0/kernel`.
 * @throws {DataError} a name the format does not allow, an array that does not fit dtype or shape, a full disk.
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, TensorSource>> | ReadonlyMap<string, TensorSource>,
  { metadata = {}, files }: WriteSafetensorsOptions = {},
): Promise<void> {
  assertLittleEndian(path);
  const sources = inFileOrder(tensors instanceof Map ? tensors : new Map(Object.entries(tensors)));
  const entries = new Map<string, TensorEntry>();
  let begin = 0;
  for (const [name, { dtype, shape }] of sources) {
    const end = begin + elementCount(`${path}: tensor ${name}`, shape) * bytesPerElement(dtype);
    entries.set(name, { dtype, shape, begin, end });
    begin = end;
  }
  const header = encodeHeader({ metadata, tensors: entries });
  assertHeader(path, [...entries.keys()], header);
  const produce = async (write: WriteBytes): Promise<void> => {
    await write(header);
    for (const [name, source] of sources) await writePieces(`${path}: tensor ${name}`, source, write);
  };
  await writeAtomically(path, produce, files === undefined ? {} : { files });
}

function inFileOrder(tensors: ReadonlyMap<string, TensorSource>): [string, TensorSource][] {
  return [...tensors].sort(
    ([nameA, a], [nameB, b]) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || (nameA < nameB ? -1 : 1),
  );
}

async function writePieces(where: string, { dtype, shape, data }: TensorSource, write: WriteBytes): Promise<void> {
  const expected = elementCount(where, shape);
  let written = 0;
  for await (const piece of ArrayBuffer.isView(data) ? [data] : data) {
    if (!(piece instanceof DTYPES[dtype])) {
      throw new DataError(
        `${where} must be given as ${DTYPES[dtype].name} for ${dtype}, got ${piece.constructor.name}`,
      );
    }
    written += piece.length;
    if (written > expected) break;
    await write(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
  }
  if (written === expected) return;
  const got = written > expected ? `${written} or more` : written;
  throw new DataError(`${where} must have ${expected} elements as [${shape.join(", ")}], got ${got}`);
}

function assertHeader(path: string, names: readonly string[], header: Uint8Array): void {
  const bad = names.find((name) => name === "__metadata__" || name === "__proto__" || name === "");
  if (bad !== undefined)
    throw new DataError(`${path}: tensor name must not be "__metadata__", "__proto__" or empty, got "${bad}"`);
  if (header.byteLength <= MAX_HEADER_BYTES) return;
  throw new DataError(
    `${path}: header must be at most ${MAX_HEADER_BYTES} bytes, got ${header.byteLength}; use fewer tensors`,
  );
}

/** The arrays' own bytes go to the file, and the format is little-endian. @throws {DataError} */
export function assertLittleEndian(path: string): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) return;
  throw new DataError(`${path}: safetensors must be handled on a little-endian machine, got a big-endian one`);
}
