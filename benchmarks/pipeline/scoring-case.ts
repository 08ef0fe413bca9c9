import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { NativeEngine } from "../../src/engine/native.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { executeRun } from "../../src/run/execute-run.ts";
import { executeScore } from "../../src/run/score/execute-score.ts";
import { asyncContender } from "../contender.ts";
import { pythonContender } from "../python-contender.ts";
import { type Rounds, type RoundsOptions, takeRounds } from "../rounds.ts";
import { rowsBlock, writeRows } from "./rows.ts";

export interface ScoringCase extends Rounds {
  readonly rows: number;
}

export interface ScoringOptions extends RoundsOptions {
  readonly python: string;
  readonly native: NativeEngine;
  readonly threads: number;
  readonly rows: number;
  readonly say: (line: string) => void;
}

const TRAIN_ROWS = 100_000;

/** Rows from Parquet through the MMoE of the joint step to an Arrow file, beside PyTorch and pyarrow. */
export async function runScoringCase(options: ScoringOptions): Promise<ScoringCase> {
  const { python, native, threads, rows, say } = options;
  say(`bench: scoring ${rows} rows, reading and writing included`);
  const { folder, remove } = writeRows(python, TRAIN_ROWS, rows);
  const at = (name: string): string => join(folder, name);
  try {
    writeFileSync(at("train.yaml"), stringify(trainConfig(at("rows.parquet"))));
    const resolved = readRunConfig(at("train.yaml"), []);
    await drain(executeRun({ resolved, out: at("teacher"), native, environment: {} }));
    writeFileSync(at("score.yaml"), stringify(trainConfig(at("new-rows.parquet"))));
    const own = asyncContender("twinstill", async () => {
      rmSync(at("scores"), { recursive: true, force: true });
      const config = readRunConfig(at("score.yaml"), []);
      const job = { resolved: config, teacher: at("teacher"), part: "train", out: at("scores"), native } as const;
      return (await drain(executeScore(job))).rows;
    });
    const torch = await pythonContender(python, {
      name: "PyTorch and pyarrow",
      script: join(import.meta.dirname, "torch_score.py"),
      spec: { train: at("rows.parquet"), rows: at("new-rows.parquet"), out: at("torch.arrow"), batch: 4096, threads },
    });
    const rounds = await takeRounds([own, torch], { ...options, stepsATurn: 1 });
    torch.close();
    return { ...rounds, rows };
  } finally {
    remove();
  }
}

/** The MMoE of the joint step, trained for one epoch. */
function trainConfig(file: string) {
  return {
    seed: 1,
    data: rowsBlock(file),
    teacher: {
      kind: "mmoe",
      embeddings: { default: 16 },
      experts: { count: 8, units: [256, 128] },
      towerUnits: [64],
      labels: { ctr: "click", ctcvr: "click" },
    },
    train: { batchSize: 1024, epochs: 1, teacher: { rate: 0.001 } },
    evaluate: { labels: { ctr: "click", ctcvr: "click" }, relevant: "click" },
  };
}

async function drain<T>(events: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const { value, done } = await events.next();
    if (done) return value;
  }
}
