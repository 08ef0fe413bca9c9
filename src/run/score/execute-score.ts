import type { DataReport } from "../../data/data-report.ts";
import type { Dataset } from "../../data/dataset.ts";
import { hashFile } from "../../data/hash-files.ts";
import type { PartName } from "../../data/source-files.ts";
import { assertUnseen } from "../../distill/scores/leaks.ts";
import {
  type JobReport,
  type SectionName,
  STORE_FORMAT,
  type StoreHeader,
  type StoreManifest,
  type TeacherIdentity,
} from "../../distill/scores/manifest.ts";
import { openStoreWriter, type StoreWriter } from "../../distill/scores/store-writer.ts";
import type { NativeEngine } from "../../engine/native.ts";
import { ConfigError } from "../../errors.ts";
import type { FileLayer } from "../../files/file-layer.ts";
import type { ResolvedConfig } from "../config/run-config.ts";
import { type ScoreConfig, scoreConfig } from "../config/score-config.ts";
import { dayRange, rowsByFile } from "../trained-rows.ts";
import { type OpenedTeacher, openTeacher, type ScoringModel } from "./open-teacher.ts";
import { createScorer, storedHeads } from "./score-heads.ts";
import { openScoringData, schemaOf } from "./scoring-data.ts";
import { type ScoringWork, sectionPlans } from "./scoring-work.ts";
import { shardWorks } from "./shard-works.ts";

/** What a scoring job reports. */
export type ScoreNotice =
  | { readonly kind: "teacher"; readonly identity: TeacherIdentity; readonly heads: readonly string[] }
  | { readonly kind: "data"; readonly report: DataReport; readonly rows: number }
  | {
      readonly kind: "shard";
      readonly section: SectionName;
      readonly shard: number;
      readonly rows: number;
      readonly seconds: number;
    };

export interface ScoreOptions {
  readonly resolved: ResolvedConfig;
  /** Run folder of the teacher. */
  readonly teacher: string;
  readonly model?: ScoringModel | undefined;
  /** Part of the configuration's data whose rows are scored. */
  readonly part: PartName;
  /** Folder of the store. */
  readonly out: string;
  readonly native?: NativeEngine | undefined;
  readonly resume?: boolean;
  /** Which of several parallel jobs, from 1; default: the only one. */
  readonly job?: { readonly index: number; readonly count: number } | undefined;
  readonly signal?: AbortSignal;
  readonly files?: FileLayer;
}

export interface ScoreResult {
  /** The manifest where the store is whole; undefined where the job was stopped or others are not done. */
  readonly manifest: StoreManifest | undefined;
  readonly reason: "done" | "interrupted" | "others";
  /** Scored pairs of this job, those of an earlier start not counted. */
  readonly rows: number;
  readonly seconds: number;
}

/**
 * Scores a part of the data with a trained model and writes a score store, shard by shard.
 *
 * @throws {ConfigError} settings or folders do not fit. @throws {DataError} data or teacher do not fit, or the teacher
 *   was trained on rows that it is to score.
 */
export async function* executeScore(options: ScoreOptions): AsyncGenerator<ScoreNotice, ScoreResult> {
  const { resolved, part } = options;
  const config = resolved.config.score ?? scoreConfig.parse({});
  const teacher = await openTeacher(options.teacher, options);
  try {
    const heads = storedHeads(config, teacher.heads);
    yield { kind: "teacher", identity: teacher.identity, heads: heads.map(({ name }) => name) };
    const dataset = await openScoringData(resolved, teacher);
    const rows = dataset.parts[part];
    if (rows === undefined || rows.length === 0)
      throw new ConfigError(`--data ${part}: data must have rows of that part, got none`);
    yield { kind: "data", report: dataset.report, rows: rows.length };
    const day = dayRange(dataset, resolved.config, rows);
    // Lists and candidates that leave out what users know hold no row.
    if (config.rows || config.exclude !== "known") {
      const { sameDays } = config;
      const files = await rowsByFile(dataset, rows);
      assertUnseen(teacher.identity.trained, { files, days: day, sameDays, what: "twinstill score" });
    }
    const header = await storeHeaderOf({
      teacher,
      dataset,
      config,
      part,
      seed: resolved.config.seed,
      jobs: options.job?.count ?? 1,
    });
    const { resume = false, job, files } = options;
    const writer = await openStoreWriter(options.out, header, {
      job: job?.index ?? 1,
      resume,
      ...(files && { files }),
    });
    try {
      const work = { dataset, config, scorer: createScorer(teacher, dataset, heads), rows, seed: resolved.config.seed };
      return yield* writeShards(writer, work, { day, signal: options.signal });
    } finally {
      await writer.close();
    }
  } finally {
    teacher.program.close();
  }
}

async function* writeShards(
  writer: StoreWriter,
  work: ScoringWork,
  { day, signal }: { readonly day: JobReport["day"]; readonly signal: AbortSignal | undefined },
): AsyncGenerator<ScoreNotice, ScoreResult> {
  const started = performance.now();
  const elapsed = (since = started): number => (performance.now() - since) / 1000;
  if (writer.whole !== undefined) return { manifest: writer.whole, reason: "done", rows: 0, seconds: 0 };
  const shards: Partial<Record<SectionName, number>> = {};
  let rows = 0;
  for (const { shard, sections, make } of shardWorks(work)) {
    for (const section of sections) shards[section] = Math.max(shards[section] ?? 0, shard + 1);
    const wanted = new Set(sections.filter((section) => writer.wants(section, shard)));
    if (wanted.size === 0) continue;
    if (signal?.aborted) return { manifest: undefined, reason: "interrupted", rows, seconds: elapsed() };
    const before = performance.now();
    for (const [section, columns] of Object.entries(make(wanted)) as [
      SectionName,
      Parameters<StoreWriter["write"]>[2],
    ][]) {
      const receipt = await writer.write(section, shard, columns);
      rows += receipt.rows;
      yield { kind: "shard", section, shard, rows: receipt.rows, seconds: elapsed(before) };
    }
  }
  const total = work.rows.length;
  const manifest = await writer.finish({
    shards,
    fileRows: work.dataset.source.files.map((file) => file.rows),
    coverage: { scored: work.config.rows ? total : 0, of: total },
    day,
  });
  return { manifest, reason: manifest === undefined ? "others" : "done", rows, seconds: elapsed() };
}

interface HeaderInput {
  readonly teacher: OpenedTeacher;
  readonly dataset: Dataset;
  readonly config: ScoreConfig;
  readonly part: string;
  readonly seed: number;
  readonly jobs: number;
}

async function storeHeaderOf({ teacher, dataset, config, part, seed, jobs }: HeaderInput): Promise<StoreHeader> {
  const files = dataset.source.files.map(async ({ path, name, start }) => ({
    name,
    sha256: await hashFile(path),
    start,
  }));
  return {
    format: STORE_FORMAT,
    teacher: teacher.identity,
    schema: schemaOf(teacher.config.data.columns),
    source: { part, files: await Promise.all(files) },
    heads: storedHeads(config, teacher.heads).map(({ name }) => name),
    values: teacher.identity.model === "teacher" ? "logit" : "score",
    dtype: config.dtype,
    compression: config.compression,
    sections: sectionPlans(config, seed),
    jobs,
  };
}
