// Tiny jobs of every kind that write a folder, to be broken off and gone on with.
import { join } from "node:path";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { FileLayer } from "../../src/files/file-layer.ts";
import { finishScore, writeOffline } from "../run/offline-setting.ts";
import { finishCascade, writeSmallCascade } from "../run/small-cascade.ts";
import { finishRun, writeSmallRun } from "../run/small-run.ts";

/** The kinds, in the order of `prepareJobs`. */
export const JOB_NAMES = ["train", "score", "distill", "cascade"] as const;

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

/** Writes data, configurations, a teacher and its store into `folder`. @returns the jobs over them. */
export async function prepareJobs(folder: string, native: NativeEngine | undefined): Promise<readonly TinyJob[]> {
  const offline = join(folder, "offline");
  const train = writeSmallRun(join(folder, "train"));
  const cascade = await writeSmallCascade(join(folder, "cascade"));
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
  ];
}
