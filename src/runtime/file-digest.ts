import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

/** Size and checksum by which a file is known. */
export interface FileDigest {
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Reads a file once and returns its digest. */
export async function digestFile(path: string): Promise<FileDigest> {
  const hash = createHash("sha256");
  let bytes = 0;
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), async (blocks) => {
    for await (const block of blocks) {
      hash.update(block);
      bytes += block.length;
    }
  });
  return { bytes, sha256: hash.digest("hex") };
}

/** How a file differs from what it must be, or undefined where it does not; its size is looked at first. */
export async function digestProblem(path: string, expected: FileDigest): Promise<string | undefined> {
  const bytes = await fileBytes(path);
  if (bytes === undefined) return "no such file";
  if (bytes !== expected.bytes) return `${bytes} bytes in place of ${expected.bytes}`;
  const { sha256 } = await digestFile(path);
  return sha256 === expected.sha256 ? undefined : `SHA-256 ${sha256} in place of ${expected.sha256}`;
}

async function fileBytes(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
