import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../cli/run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "twinstill-demo-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("twinstill demo", () => {
  it("trains the four runs on InstEval and prints their table as one JSON object on the last line", {
    timeout: 600_000,
  }, async () => {
    const out = join(folder, "demo");
    const { code, out: text, err } = await runCommand(["demo", "--json", "--out", out]);
    expect(code).toBe(0);
    const { rows, run } = JSON.parse(text.trim().split("\n").at(-1)!) as {
      rows: Record<string, number | string | null>[];
      run: string;
    };
    expect(run).toBe(out);
    expect(rows.map(({ name }) => name)).toEqual(["hard", "softmax", "distilled", "teacher", "ranker"]);
    for (const row of rows) {
      for (const metric of [
        "ctr/auc",
        "ctcvr/auc",
        "recall@10",
        "recall@100",
        "ndcg@10",
        "attended/recall@10",
        "attended/recall@100",
        "attended/ndcg@10",
      ]) {
        expect(row[metric], `${row.name} ${metric}`).toBeGreaterThan(0);
        expect(row[metric], `${row.name} ${metric}`).toBeLessThan(1);
      }
    }
    const value = (name: string, metric: string): number => rows.find((row) => row.name === name)![metric] as number;
    // One seed of the bars that bench:insteval holds over three.
    expect(value("ranker", "ctr/auc")).toBeGreaterThan(0.65);
    expect(value("distilled", "recall@100") - value("hard", "recall@100")).toBeGreaterThan(0.2);
    expect(value("softmax", "attended/recall@100")).toBeGreaterThan(0.74);
    const initial = [...err.matchAll(/student [\d,]+ parameters \(initial weights ([0-9a-f]{16})\)/g)].map(
      (match) => match[1],
    );
    expect(initial[0], "hard and distilled begin with the same weights").toBe(initial[2]);
    for (const file of ["result.json", "result.svg", "result.png", "joint/checkpoints/latest", "ranker/metrics.jsonl"])
      expect(existsSync(join(out, file)), file).toBe(true);
    expect(readFileSync(join(out, "result.png")).subarray(1, 4).toString()).toBe("PNG");
  });
});
