import { DataError } from "../../errors.ts";
import { type FileLayer, nodeFiles, type OpenFile } from "../../files/file-layer.ts";
import { bytesPerElement, newArray, type TensorArray } from "./safetensors-dtypes.ts";
import {
  decodeHeader,
  headerLength,
  LENGTH_BYTES,
  type SafetensorsHeader,
  type TensorEntry,
} from "./safetensors-header.ts";
import { assertLittleEndian } from "./safetensors-write.ts";

/** An open safetensors file; its header is read and checked, its tensors are read when asked for. */
export interface SafetensorsFile extends SafetensorsHeader {
  /** A whole tensor. @throws {DataError} unknown name. */
  read(name: string): Promise<TensorArray>;
  /**
   * Elements [from, to) of a tensor, row-major: a piece of a table that need not fit into memory.
   * @throws {DataError} unknown name, a range outside the tensor.
   */
  readRange(name: string, from: number, to: number): Promise<TensorArray>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and checks its header against its size. Nothing is trusted: see `decodeHeader`.
 *
 * @throws {DataError} no such file, or one that breaks the format, with the tensor's name where there is one.
 */
export async function openSafetensors(
  path: string,
  { files = nodeFiles }: { readonly files?: FileLayer } = {},
): Promise<SafetensorsFile> {
  assertLittleEndian(path);
  const file = await files.open(path, "read");
  try {
    const { header, dataStart } = await readHeader(path, file);
    const readRange = async (name: string, from: number, to: number): Promise<TensorArray> =>
      readElements(path, file, { entry: entryOf(path, header, name), name, dataStart, from, to });
    return {
      ...header,
      read: async (name) => readRange(name, 0, elementsOf(entryOf(path, header, name))),
      readRange,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads all tensors of a file into memory; `openSafetensors` reads one at a time.
 * @throws {DataError} as `openSafetensors`.
 */
export async function readSafetensors(
  path: string,
  options: { readonly files?: FileLayer } = {},
): Promise<{
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorArray>;
}> {
  const file = await openSafetensors(path, options);
  try {
    const tensors = new Map<string, TensorArray>();
    for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
    return { metadata: file.metadata, tensors };
  } finally {
    await file.close();
  }
}

async function readHeader(path: string, file: OpenFile): Promise<{ header: SafetensorsHeader; dataStart: number }> {
  const size = await file.size();
  const lengthBytes = new Uint8Array(LENGTH_BYTES);
  const read = await file.read(lengthBytes, 0);
  const length = headerLength(path, lengthBytes.subarray(0, read), size);
  const json = new Uint8Array(length);
  await readAll(path, file, json, LENGTH_BYTES);
  const dataStart = LENGTH_BYTES + length;
  return { header: decodeHeader(path, json, size - dataStart), dataStart };
}

interface ElementRange {
  readonly entry: TensorEntry;
  readonly name: string;
  readonly dataStart: number;
  readonly from: number;
  readonly to: number;
}

async function readElements(path: string, file: OpenFile, range: ElementRange): Promise<TensorArray> {
  const { entry, name, dataStart, from, to } = range;
  const elements = elementsOf(entry);
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= elements)) {
    throw new DataError(`${path}: range of tensor ${name} must lie in 0 to ${elements}, got ${from} to ${to}`);
  }
  const array = newArray(entry.dtype, to - from);
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  await readAll(path, file, bytes, dataStart + entry.begin + from * bytesPerElement(entry.dtype));
  return array;
}

async function readAll(path: string, file: OpenFile, target: Uint8Array, position: number): Promise<void> {
  const read = await file.read(target, position);
  if (read === target.byteLength) return;
  throw new DataError(
    `${path}: file must hold ${target.byteLength} bytes at ${position}, got ${read}; it was cut meanwhile`,
  );
}

function entryOf(path: string, header: SafetensorsHeader, name: string): TensorEntry {
  const entry = header.tensors.get(name);
  if (entry !== undefined) return entry;
  throw new DataError(`${path}: tensor must be one of ${[...header.tensors.keys()].join(", ")}, got ${name}`);
}

function elementsOf({ dtype, begin, end }: TensorEntry): number {
  return (end - begin) / bytesPerElement(dtype);
}
