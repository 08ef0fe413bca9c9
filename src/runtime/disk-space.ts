import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError } from "../errors.ts";

/** Bytes that an unprivileged user may still write to the disk of `folder`, which need not exist yet. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === folder) throw error;
    return freeBytes(parent);
  }
}

/**
 * Refuses an installation that the disk has no room for.
 *
 * @throws {ConfigError} fewer than `needed` bytes are free; the message has both figures and the ways out.
 */
export async function requireDiskSpace(
  folder: string,
  needed: number,
  { free = freeBytes }: { readonly free?: (folder: string) => Promise<number> } = {},
): Promise<void> {
  const available = await free(folder);
  if (available >= needed) return;
  throw new ConfigError(
    `installRuntime: the disk of ${folder} must have ${gigabytes(needed)} free, got ${gigabytes(available)}; make ` +
      "room, or set TWINSTILL_CACHE to a folder on another disk",
  );
}

/** Bytes in GB (10^9) with one or, below 1 GB, two decimals. */
export function gigabytes(bytes: number): string {
  const value = bytes / 1e9;
  return `${value.toFixed(value < 1 ? 2 : 1)} GB`;
}
