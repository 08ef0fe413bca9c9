import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { type FileLayer, nodeFiles } from "../../files/file-layer.ts";
import { readBytes, readJson } from "../../files/json-file.ts";
import { decodeShard } from "./arrow-shard.ts";
import { parseStoreFile, type SectionName, type ShardReceipt, type StoreManifest, storeManifest } from "./manifest.ts";
import type { ScoreColumns } from "./score-columns.ts";
import { type StoreFolder, sha256, storeFolder } from "./store-folder.ts";

/** A whole store that can be read. */
export interface ScoreStore {
  readonly folder: StoreFolder;
  readonly manifest: StoreManifest;
}

/** One shard with its place. */
export interface ReadShard {
  readonly path: string;
  readonly receipt: ShardReceipt;
  readonly columns: ScoreColumns;
}

/**
 * Opens a store and looks whether every shard is there in its full length; the bytes are checked when they are read.
 *
 * @throws {DataError} no store, an unfinished one, one of another format, or a shard that is missing or cut.
 */
export async function openStore(
  path: string,
  { files = nodeFiles }: { readonly files?: FileLayer } = {},
): Promise<ScoreStore> {
  const folder = storeFolder(path, files);
  if (!(await folder.files.exists(folder.manifest))) {
    const unfinished = await folder.files.exists(folder.job);
    const got = unfinished
      ? "an unfinished one; go on with it: twinstill score ... --resume"
      : "no manifest.json in it";
    throw new DataError(`--scores ${path}: folder must hold a whole score store, got ${got}`);
  }
  const manifest = parseStoreFile(folder.manifest, storeManifest, await readJson(folder.manifest, folder.files));
  for (const section of Object.values(manifest.content)) {
    for (const receipt of section.shards) await checkLength(folder, receipt);
  }
  return { folder, manifest };
}

async function checkLength({ path, files }: StoreFolder, { file, bytes }: ShardReceipt): Promise<void> {
  const full = join(path, file);
  if (!(await files.exists(full)))
    throw new DataError(`${full}: shard must be there as the manifest says, got none; score again or copy it again`);
  const opened = await files.open(full, "read");
  const size = await opened.size().finally(() => opened.close());
  if (size !== bytes)
    throw new DataError(`${full}: shard must have ${bytes} bytes, got ${size}; score again or copy it again`);
}

/**
 * The shards of a section in order. Memory: one shard.
 *
 * @throws {DataError} bytes are not those that were written, or the store has no such section.
 */
export async function* readShards({ folder, manifest }: ScoreStore, section: SectionName): AsyncGenerator<ReadShard> {
  const plan = manifest.sections[section];
  const content = manifest.content[section];
  if (plan === undefined || content === undefined) {
    const known = Object.keys(manifest.sections).join(", ");
    throw new DataError(`${folder.path}: score store must hold section "${section}", got ${known}; score it too`);
  }
  for (const receipt of content.shards) {
    const path = join(folder.path, receipt.file);
    const bytes = await readBytes(path, folder.files);
    const found = sha256(bytes);
    if (found !== receipt.sha256) {
      throw new DataError(
        `${path}: shard must have SHA-256 ${receipt.sha256}, got ${found}: its bytes were changed; score again or copy it again`,
      );
    }
    const columns = decodeShard(path, bytes, { keys: plan.keys, heads: manifest.heads, dtype: manifest.dtype });
    if (columns.rows !== receipt.rows)
      throw new DataError(`${path}: shard must have ${receipt.rows} rows, got ${columns.rows}`);
    yield { path, receipt, columns };
  }
}
