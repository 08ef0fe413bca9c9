import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { removeTemporaryFiles } from "../../files/atomic-write.ts";
import { firstDifference, readJson, writeJson } from "../../files/json-file.ts";
import {
  type JobReport,
  jobReport,
  parseStoreFile,
  SECTIONS,
  type SectionName,
  type ShardReceipt,
  type StoreHeader,
  type StoreManifest,
  shardReceipt,
  storeManifest,
} from "./manifest.ts";
import { mergeSummaries } from "./score-columns.ts";
import { doneName, type StoreFolder, shardName, shardOf } from "./store-folder.ts";

/**
 * Writes the manifest once every job has ended, and removes what it replaces. Jobs that end at the same moment may all
 * come here: each writes the same manifest.
 *
 * @returns undefined while a job has not ended.
 * @throws {DataError} jobs disagree on what the shards are, or a shard that they count is not there.
 */
export async function assembleManifest(folder: StoreFolder, header: StoreHeader): Promise<StoreManifest | undefined> {
  try {
    const reports = await readReports(folder, header.jobs);
    if (reports === undefined) return undefined;
    const [{ shards, ...report }] = reports as [JobReport];
    const content: Partial<Record<SectionName, StoreManifest["content"]["rows"]>> = {};
    for (const section of SECTIONS) {
      if (header.sections[section] === undefined) continue;
      const receipts = await readReceipts(folder, section, shards[section] ?? 0);
      content[section] = {
        rows: receipts.reduce((sum, { rows }) => sum + rows, 0),
        heads: Object.fromEntries(
          header.heads.map((head) => [
            head,
            mergeSummaries(receipts.map(({ rows, heads }) => ({ rows, summary: heads[head]! }))),
          ]),
        ),
        shards: receipts,
      };
    }
    const manifest = storeManifest.parse({ ...header, ...report, content });
    await writeJson(folder.manifest, manifest, folder.files);
    await tidyWhole(folder);
    return manifest;
  } catch (error) {
    if (!(await folder.files.exists(folder.manifest))) throw error;
    return parseStoreFile(folder.manifest, storeManifest, await readJson(folder.manifest, folder.files));
  }
}

async function readReports({ path, files }: StoreFolder, jobs: number): Promise<readonly JobReport[] | undefined> {
  const reports: JobReport[] = [];
  for (let index = 1; index <= jobs; index++) {
    const file = join(path, doneName({ index, count: jobs }));
    if (!(await files.exists(file))) return undefined;
    reports.push(parseStoreFile(file, jobReport, await readJson(file, files)));
    const difference = firstDifference(reports[0], reports.at(-1));
    if (difference !== undefined) {
      throw new DataError(
        `${file}: jobs of one store must have read the same rows, got ${difference.path} = ${difference.now} where job 1 has ${difference.before}`,
      );
    }
  }
  return reports;
}

async function readReceipts(
  { path, files }: StoreFolder,
  section: SectionName,
  shards: number,
): Promise<readonly ShardReceipt[]> {
  const receipts: ShardReceipt[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const file = join(path, `${shardName(section, shard)}.json`);
    receipts.push(parseStoreFile(file, shardReceipt, await readJson(file, files)));
  }
  return receipts;
}

/** Removes what a whole store does not need: receipts, reports, and what killed writers left. */
export async function tidyWhole({ path, files, job }: StoreFolder): Promise<void> {
  await files.remove(job);
  await removeTemporaryFiles(path, { files });
  for (const name of await files.list(path)) {
    const receipt = shardOf(name) !== undefined && name.endsWith(".json");
    if (receipt || /^done-\d+-of-\d+\.json$/.test(name)) await files.remove(join(path, name));
  }
}
