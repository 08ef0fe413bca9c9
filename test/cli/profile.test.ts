import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSmallRun } from "../run/small-run.ts";
import { runCommand } from "./run-command.ts";

let folder: string;
let config: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-profile-"));
  config = writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** In a process of its own. */
function inProcess(options: readonly string[]) {
  const argv = ["--import", "tsx", "src/cli/main.ts", "profile", "--config", config, "--quiet", ...options];
  return spawnSync(process.execPath, argv, { encoding: "utf8" });
}

describe("twinstill profile", () => {
  it("prints op types with counts and times, and writes every op to a file", async () => {
    const before = readdirSync(folder);
    const file = join(folder, "profile.json");
    const { code, out } = await runCommand(["profile", "--config", config, "--steps", "3", "--out", file, "--quiet"]);
    expect(code).toBe(0);
    const { ops, stepMs, startUp, batchSize } = JSON.parse(readFileSync(file, "utf8"));
    expect(out).toContain(`replayed step: ${stepMs.toFixed(2)} ms, median of 3 steps of ${batchSize} rows`);
    const rows = [...out.matchAll(/^(\S.*?) {2,}(\d+) +(\d+\.\d{3}) +\d+\.\d %/gm)];
    const [, , count, milliseconds] = rows.at(-1)!;
    expect(Number(count)).toBe(ops.ops.length);
    expect(Number(milliseconds)).toBeCloseTo(ops.milliseconds, 2);
    const counts = rows.slice(0, -1).reduce((sum, row) => sum + Number(row[2]), 0);
    expect(counts).toBe(ops.ops.length);
    const { op, shapes } = ops.ops.find((one: { op: string }) => one.op === "MatMul");
    expect([op, shapes[0].length]).toEqual(["MatMul", 2]);
    expect(startUp.firstStep).toBeGreaterThan(startUp.capture.milliseconds);
    expect(readdirSync(folder)).toEqual([...before, "profile.json"].sort());
  });

  it("prints one JSON object where asked, and ends though batches were still being made", () => {
    const { status, stdout } = inProcess(["--steps", "2", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ steps: 2, dataWaitShare: expect.any(Number) });
  });

  it("needs the native runtime", () => {
    const { status, stderr } = inProcess(["--device", "cpu"]);
    expect(stderr).toMatch(/^twinstill: profile: runtime must be native, got cpu; run: twinstill runtime doctor/m);
    expect(status).toBe(2);
  });

  it("refuses what it cannot time", async () => {
    expect(await runCommand(["profile", "--config", config, "--steps", "0"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("profile: steps must be a whole number >= 1, got 0"),
    });
    expect(await runCommand(["profile", "--config", config, "--steps", "100000"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("profile: steps must be below the run's"),
    });
  });
});
