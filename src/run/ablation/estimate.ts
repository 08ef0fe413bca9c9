import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NativeEngine } from "../../engine/native.ts";
import type { ResolvedConfig } from "../config/run-config.ts";
import { executeRun } from "../execute-run.ts";

/** Steps that are timed; the first one captures and is left out. */
const TIMED_STEPS = 8;

/** Seconds that a run will about take, from a few of its steps: evaluation is not counted. */
export async function estimateSeconds(resolved: ResolvedConfig, native: NativeEngine | undefined): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "twinstill-estimate-"));
  const stop = new AbortController();
  const times: number[] = [];
  let totalSteps = 0;
  let dataSeconds = 0;
  try {
    for await (const notice of executeRun({
      resolved,
      out: join(folder, "run"),
      native,
      environment: {},
      signal: stop.signal,
    })) {
      if (notice.kind === "data") dataSeconds = notice.seconds;
      if (notice.kind !== "step") continue;
      totalSteps = notice.totalSteps;
      times.push(notice.stepMs + notice.waitMs);
      if (times.length > TIMED_STEPS) stop.abort();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const [, ...steady] = times;
  const perStep = steady.sort((a, b) => a - b)[Math.floor(steady.length / 2)] ?? times[0] ?? 0;
  return dataSeconds + (perStep * totalSteps) / 1000;
}
