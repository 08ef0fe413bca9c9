import type { Writable } from "node:stream";
import type { RecordBatch } from "apache-arrow";
import { type PipedBatch, readArrowPipe, withFloatColumns, writeArrowPipe } from "../../data/arrow-pipe.ts";
import { type ChunkEncoder, chunkEncoder } from "../../data/chunk-encoder.ts";
import { featureColumns } from "../../data/feature-specs.ts";
import { ConfigError } from "../../errors.ts";
import type { ScoreConfig } from "../config/score-config.ts";
import type { OpenedTeacher } from "./open-teacher.ts";
import { type HeadScores, type StoredHead, scoreRows, storedHeads } from "./score-heads.ts";

export interface FilterOptions {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: Writable;
  /** Default: all of the teacher's heads. */
  readonly heads?: ScoreConfig["heads"];
}

export interface FilterReport {
  readonly rows: number;
  readonly batches: number;
  /** In the whole, and in the tensor library alone. */
  readonly seconds: number;
  readonly tensorSeconds: number;
}

/**
 * Scores an Arrow IPC stream: every record batch comes out with a float32 column for each head behind its own columns.
 * Memory: a record batch and its features.
 *
 * @throws {DataError} the stream is broken or cut, a column of the teacher's is missing, or a cell breaks its rules.
 * @throws {ConfigError} a head is made with shares of history rows, which a stream does not have.
 */
export async function filterArrow(
  teacher: OpenedTeacher,
  { input, output, heads: wanted }: FilterOptions,
): Promise<FilterReport> {
  const started = performance.now();
  const heads = storedHeads({ heads: wanted }, teacher.heads);
  const corrected = heads.find(({ addLogQ }) => addLogQ);
  if (corrected !== undefined)
    throw new ConfigError(`score.heads: heads of a stream must go without addLogQ, got it for "${corrected.name}"`);
  const score = await chunkScorer(teacher, heads);
  const counts = { rows: 0, batches: 0, tensor: 0 };
  async function* scored(): AsyncGenerator<RecordBatch> {
    const names = featureColumns(teacher.config.data.columns).map(([name]) => name);
    for await (const piped of readArrowPipe("stdin", input, names)) {
      const { scores, milliseconds } = score(piped);
      counts.tensor += milliseconds;
      counts.rows += piped.chunk.rows;
      counts.batches++;
      yield withFloatColumns("stdin", piped.batch, scores);
    }
  }
  await writeArrowPipe(scored(), output);
  return {
    rows: counts.rows,
    batches: counts.batches,
    seconds: (performance.now() - started) / 1000,
    tensorSeconds: counts.tensor / 1000,
  };
}

type ChunkScorer = (piped: PipedBatch) => { readonly scores: HeadScores; readonly milliseconds: number };

async function chunkScorer(teacher: OpenedTeacher, heads: readonly StoredHead[]): Promise<ChunkScorer> {
  const encode: ChunkEncoder = await chunkEncoder(teacher.config.data.columns, teacher.encoding);
  const { features, pairs, program } = teacher;
  let milliseconds = 0;
  const timed: OpenedTeacher["program"] = {
    ...program,
    forward: (...call) => {
      const started = performance.now();
      const outputs = program.forward(...call);
      milliseconds += performance.now() - started;
      return outputs;
    },
  };
  return ({ chunk }) => {
    const columns = encode(chunk, (row) => `stdin row ${chunk.firstRow + row + 1}`);
    const rows = Int32Array.from({ length: chunk.rows }, (_, i) => i);
    const items = { features: new Map(), rowEntity: rows };
    const data = { features, columns, pairs, items, isTrainRow: new Uint8Array(chunk.rows) };
    milliseconds = 0;
    const scores = scoreRows({ program: timed }, data, { rows, heads });
    return { scores, milliseconds };
  };
}
