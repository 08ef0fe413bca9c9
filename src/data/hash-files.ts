import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { brokenFile } from "./table-chunk.ts";

/**
 * SHA-256 of a data file's bytes: what a file is known by, wherever it lies.
 *
 * @throws {DataError} the file cannot be read.
 */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  } catch (error) {
    throw brokenFile(path, "data", error);
  }
  return hash.digest("hex");
}
