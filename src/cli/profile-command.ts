import { writeFileSync } from "node:fs";
import { ConfigError } from "../errors.ts";
import { readRunConfig } from "../run/config/run-config.ts";
import { profileRun, type RunProfile } from "../run/profile-run.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { metricsTable } from "./metrics-table.ts";

export interface ProfileOptions extends CommonOptions {
  readonly config: string;
  readonly set?: readonly string[];
  readonly steps: string;
  readonly out?: string;
}

/** `twinstill profile`: where the time of a configuration's training step goes. */
export async function profileCommand(options: ProfileOptions, io: Io): Promise<number> {
  const { config, set = [], steps, out, json } = options;
  const resolved = readRunConfig(config, set);
  const { native, runtime } = await loadEngine(options, io, ["profile", "--config", config]);
  if (native === undefined) {
    throw new ConfigError(
      `profile: runtime must be native, got ${runtime.kind}; run: twinstill runtime doctor, it says what is missing`,
    );
  }
  const profile = await profileRun(resolved, { native, steps: Number(steps) });
  if (out !== undefined) writeFileSync(out, `${JSON.stringify(profile, null, 2)}\n`);
  io.out(json ? `${JSON.stringify(profile)}\n` : profileText(profile));
  return ExitCode.ok;
}

/** Milliseconds below which op types are shown as one row, as a share of the whole. */
const SMALL_SHARE = 0.005;

function profileText({ batchSize, steps, startUp, stepMs, dataWaitShare, ops }: RunProfile): string {
  const share = (milliseconds: number): string => `${((100 * milliseconds) / ops.milliseconds).toFixed(1)} %`;
  const isLarge = ({ milliseconds }: { milliseconds: number }): boolean =>
    milliseconds >= SMALL_SHARE * ops.milliseconds;
  const large = ops.types.filter(isLarge);
  const rest = ops.types.filter((type) => !isLarge(type));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const others = {
    op: `${rest.length} other types`,
    count: sum(rest.map(({ count }) => count)),
    milliseconds: sum(rest.map(({ milliseconds }) => milliseconds)),
  };
  const all = { op: "all ops", count: ops.ops.length, milliseconds: ops.milliseconds };
  const rows = [...large, ...(rest.length > 0 ? [others] : []), all].map(({ op, count, milliseconds }) => ({
    name: op,
    count,
    milliseconds: milliseconds.toFixed(3),
    share: share(milliseconds),
  }));
  const { data, firstStep, capture } = startUp;
  return [
    metricsTable(rows, ["count", "milliseconds", "share"]).trimStart(),
    "",
    "Each op alone, as it was captured; TensorFlow fuses and folds some of them in the replayed step.",
    `replayed step: ${stepMs.toFixed(2)} ms, median of ${steps} steps of ${batchSize} rows`,
    `waiting for data: ${(100 * dataWaitShare).toFixed(1)} % of the time`,
    `start: data ${seconds(data)}, first step ${seconds(firstStep)}, of which capture ${seconds(capture.milliseconds)}`,
    "",
  ].join("\n");
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;
