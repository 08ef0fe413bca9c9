import { DataError } from "../errors.ts";
import { writeTextAtomically } from "./atomic-write.ts";
import { type FileLayer, nodeFiles } from "./file-layer.ts";

/** A file of indented JSON, whole or not at all. */
export async function writeJson(path: string, value: unknown, files: FileLayer = nodeFiles): Promise<void> {
  await writeTextAtomically(path, `${JSON.stringify(value, null, 2)}\n`, { files });
}

/** @throws {DataError} the file is not there or no JSON. */
export async function readJson(path: string, files: FileLayer = nodeFiles): Promise<unknown> {
  const bytes = await readBytes(path, files);
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new DataError(`${path}: file must hold JSON, got ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** All bytes of a file. @throws {DataError} it cannot be read. */
export async function readBytes(path: string, files: FileLayer = nodeFiles): Promise<Uint8Array<ArrayBuffer>> {
  const file = await files.open(path, "read");
  try {
    const bytes = new Uint8Array(await file.size());
    const read = await file.read(bytes, 0);
    return bytes.subarray(0, read);
  } finally {
    await file.close();
  }
}

/** Where two plain JSON values differ. */
export interface Difference {
  /** Dotted path of the field. */
  readonly path: string;
  readonly before: unknown;
  readonly now: unknown;
}

/** The first field that two plain JSON values differ in; undefined where they are equal. */
export function firstDifference(before: unknown, now: unknown, path: readonly string[] = []): Difference | undefined {
  if (before === now) return undefined;
  if (typeof before !== "object" || typeof now !== "object" || before === null || now === null)
    return { path: path.join("."), before, now };
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [a, b] = [before, now].map((value) => (value as Record<string, unknown>)[key]);
    const found = firstDifference(a, b, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}
