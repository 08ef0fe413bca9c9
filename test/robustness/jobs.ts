// Tiny jobs of every kind that write a folder, to be broken off and gone on with.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeAblation } from "../../src/cli/ablation-files.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { type FileLayer, nodeFiles } from "../../src/files/file-layer.ts";
import { readAblationConfig } from "../../src/run/ablation/ablation-config.ts";
import { executeAblation } from "../../src/run/ablation/execute-ablation.ts";
import { planAblation } from "../../src/run/ablation/plan.ts";
import type { RunCommand } from "../../src/run/ablation/run-process.ts";
import { finishScore, writeOffline } from "../run/offline-setting.ts";
import { finishCascade, writeSmallCascade } from "../run/small-cascade.ts";
import { finishRun, writeSmallRun } from "../run/small-run.ts";

/** The kinds, in the order of `prepareJobs`. */
export const JOB_NAMES = ["train", "score", "distill", "cascade", "ablate"] as const;

export interface JobOptions {
  readonly files?: FileLayer;
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  /** Called after each step or shard. */
  readonly onStep?: () => void;
}

/** One kind of job on prepared inputs. */
export interface TinyJob {
  readonly name: string;
  /** Files that may come further than in a whole job, where an operation failed and the job went on without it. */
  readonly mayGoFurther?: RegExp;
  /** Runs the job to its end in folder `out`. */
  readonly run: (out: string, options?: JobOptions) => Promise<unknown>;
}

/** Every checkpoint is kept, so that a broken run's can be held against the whole one's. */
const TRAIN = [
  "train.epochs=2",
  "train.batchSize=128",
  "train.checkpointEvery=2",
  "train.keepLast=99",
  "evaluate.monitor={ metric: ctcvr/auc }",
];
const DISTILL = ["train.epochs=2", "train.batchSize=64", "train.checkpointEvery=2", "train.keepLast=99"];
const CASCADE = ["rounds=1", "warmUp.0.epochs=1", "keepLast=99", "evaluate.monitor=cascade/recall@4"];

/** A search, the runs that it leaves, and a control that needs another control's run. */
const ABLATION = `base: run.yaml
set: { train.epochs: 2, train.batchSize: 200, train.keepLast: 99, student.losses: [{ kind: binary-cross-entropy, label: top }] }
controls: [self-distilled]
search: { space: { train.student.rate: [0.02, 0.001] }, candidates: 2, rungs: [1], metric: student/recall@5 }
seeds: [1]
metrics: [student/recall@5, student/ctcvr/auc]
`;

/** Writes data, configurations, a teacher and its store into `folder`. @returns the jobs over them. */
export async function prepareJobs(folder: string, native: NativeEngine | undefined): Promise<readonly TinyJob[]> {
  const offline = join(folder, "offline");
  const train = writeSmallRun(join(folder, "train"));
  const cascade = await writeSmallCascade(join(folder, "cascade"));
  const ablation = join(folder, "train", "ablation.yaml");
  writeFileSync(ablation, ABLATION);
  writeOffline(offline);
  await finishRun(join(offline, "teacher.yaml"), join(offline, "teacher"), { native, sets: ["train.epochs=1"] });
  await finishScore(offline, { native });
  const notice = (onStep?: () => void) => ({
    onNotice: ({ kind }: { readonly kind: string }) => {
      if (kind === "step" || kind === "shard") onStep?.();
    },
  });
  return [
    {
      name: "train",
      run: (out, { onStep, ...options } = {}) =>
        finishRun(train, out, { native, sets: TRAIN, ...notice(onStep), ...options }),
    },
    {
      name: "score",
      run: (out, { onStep, ...options } = {}) => finishScore(offline, { native, out, ...notice(onStep), ...options }),
    },
    {
      name: "distill",
      run: (out, { onStep, ...options } = {}) =>
        finishRun(join(offline, "distill.yaml"), out, { native, sets: DISTILL, ...notice(onStep), ...options }),
    },
    {
      name: "cascade",
      run: (out, { onStep, ...options } = {}) =>
        finishCascade(cascade, out, { native, sets: CASCADE, ...notice(onStep), ...options }),
    },
    {
      name: "ablate",
      // The candidate that a whole search stops: it is left where the better one's run has failed.
      mayGoFurther: /^runs\/candidate-2-/,
      run: (out, { files } = {}) => finishAblation(ablation, out, { native, ...(files && { files }) }),
    },
  ];
}

interface AblationParts {
  readonly native: NativeEngine | undefined;
  readonly files?: FileLayer;
}

/** An ablation has no --resume: the same command goes on. */
async function finishAblation(file: string, out: string, { native, files = nodeFiles }: AblationParts): Promise<void> {
  const config = readAblationConfig(file);
  const findings = await executeAblation(planAblation(file, config), config, {
    ...{ out, jobs: 1, version: "1", device: "cpu", files },
    runCommand: trainHere({ native, files }),
  });
  await writeAblation(out, { file, ...findings! }, { files });
}

/** Runs `train` in this process: what the files do to it is what its error says. */
function trainHere(parts: AblationParts): RunCommand {
  return ([, ...args]) => {
    const text = { type: "string" } as const;
    const flag = { type: "boolean" } as const;
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{ config: text, out: text, device: text, quiet: flag, resume: flag, "pause-after": text },
        set: { type: "string", multiple: true },
      },
    });
    const { config, out, set: sets = [], resume = false, "pause-after": pauseAfter = "Infinity" } = values;
    return finishRun(config!, out!, { ...parts, sets, resume, pauseAfter: Number(pauseAfter) }).then(
      () => undefined,
      (error: Error) => error.message,
    );
  };
}
