import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";

const BUILT = "dist/cli/main.js";
const PAIRS = 7;

function milliseconds(argv: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, argv);
  expect(status).toBe(0);
  return performance.now() - start;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

// house.test.ts asserts that no tensor package is imported on the way.
describe("twinstill --help", () => {
  it("takes at most four times as long as an empty script, both timed in turns", () => {
    expect(existsSync(BUILT), `${BUILT} must exist; run: npm run build`).toBe(true);
    const ratios = Array.from({ length: PAIRS }, () => milliseconds([BUILT, "--help"]) / milliseconds(["-e", "0"]));
    expect(median(ratios)).toBeLessThan(4);
  });
});
