import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { type FileLayer, nodeFiles } from "./file-layer.ts";

/** Takes the bytes of a file, one piece after the other. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

const TEMPORARY = /^\..*\.[0-9a-f]{12}\.tmp$/;

/**
 * Writes a file that is either all there under its name or not there at all: pieces go to a temporary name in the same
 * folder, which is synced to the disk and then renamed. What stood under the name before stays until that moment.
 *
 * @param path - final name; its folder must exist. @param produce - writes the pieces in order.
 * @throws {DataError} the disk refuses; whatever `produce` throws. The temporary file is removed where that is possible.
 */
export async function writeAtomically(
  path: string,
  produce: (write: WriteBytes) => Promise<void>,
  { files = nodeFiles }: { readonly files?: FileLayer } = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await files.open(temporary, "create");
    try {
      await produce((bytes) => file.write(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary).catch(() => {}); // the first error is the one to tell
    throw error;
  }
  await files.syncFolder(dirname(path));
}

/** `writeAtomically` for a text (UTF-8) that is already there. */
export function writeTextAtomically(
  path: string,
  text: string,
  options?: { readonly files?: FileLayer },
): Promise<void> {
  return writeAtomically(path, (write) => write(Buffer.from(text, "utf8")), options);
}

/**
 * Removes what killed writers left behind in a folder. Call it only while nobody else writes there (under the run's lock).
 *
 * @returns the names removed.
 */
export async function removeTemporaryFiles(
  folder: string,
  { files = nodeFiles }: { readonly files?: FileLayer } = {},
): Promise<string[]> {
  const left = (await files.list(folder)).filter((name) => TEMPORARY.test(name));
  for (const name of left) await files.remove(join(folder, name));
  return left;
}
