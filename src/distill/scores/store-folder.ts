import { createHash } from "node:crypto";
import { join } from "node:path";
import type { FileLayer } from "../../files/file-layer.ts";
import { filesWithin } from "../../files/files-within.ts";
import type { SectionName } from "./manifest.ts";

/** Paths inside a score store. */
export interface StoreFolder {
  readonly path: string;
  /** There only when the store is whole. */
  readonly manifest: string;
  /** The header, until the store is whole. */
  readonly job: string;
  readonly files: FileLayer;
}

/** Which of several parallel jobs: index from 1 to count. */
export interface JobNumber {
  readonly index: number;
  readonly count: number;
}

export function storeFolder(path: string, files: FileLayer): StoreFolder {
  return { path, manifest: join(path, "manifest.json"), job: join(path, "job.json"), files: filesWithin(path, files) };
}

/** Name of a shard without its ending: `.arrow` holds the scores, `.json` the receipt until the store is whole. */
export function shardName(section: SectionName, shard: number): string {
  return `${section}-${String(shard).padStart(5, "0")}`;
}

/** Section and number of a file that belongs to a shard, temporary ones included; undefined for other files. */
export function shardOf(name: string): { readonly section: string; readonly shard: number } | undefined {
  const match = /^\.?([a-z]+)-(\d{5,})\.(?:arrow|json)(?:\.[0-9a-f]{12}\.tmp)?$/.exec(name);
  return match === null ? undefined : { section: match[1]!, shard: Number(match[2]) };
}

export function doneName({ index, count }: JobNumber): string {
  return `done-${index}-of-${count}.json`;
}

export function lockName({ index, count }: JobNumber): string {
  return `writer-${index}-of-${count}.lock`;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
