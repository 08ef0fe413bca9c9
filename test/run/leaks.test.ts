import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { checkLeaks } from "../../src/run/leaks/check-leaks.ts";
import { runCommand } from "../cli/run-command.ts";
import { finishRun, nativeEngine, smallData, writeSmallRun } from "./small-run.ts";

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-leaks-"));
  file = writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Verdict and message by check. */
const check = async (sets: readonly string[] = [], config = file) =>
  Object.fromEntries(
    (await checkLeaks(readRunConfig(config, sets))).map(({ name, verdict, message }) => [name, [verdict, message]]),
  );

/** The small data with one more column. */
function withColumn(
  name: string,
  header: string,
  valueAt: (cells: readonly string[], i: number) => string,
  column: string,
): string {
  const [head, ...lines] = smallData().trim().split("\n");
  const rows = lines.map((line, i) => `${line},${valueAt(line.split(","), i)}`);
  writeFileSync(join(folder, `${name}.csv`), `${[`${head},${header}`, ...rows].join("\n")}\n`);
  return `data.columns.${header}=${column}`;
}

describe("checkLeaks", () => {
  it("finds nothing in clean data", async () => {
    expect(await check()).toEqual({
      "rows in two parts": ["ok", "no row of validation or test is in training or history, or repeats a row of them"],
      "time order": ["ok", "all measured rows have a larger day than the training rows, which end at 7"],
      "teacher's rows": ["ok", "no model of an earlier run, and no score store, takes part"],
      "label in a feature": ["ok", "no label can be read off one of user, age, item, topic, hour"],
    });
  });

  it("finds rows in two parts, and rows that repeat a training row", async () => {
    const overlap = 'data.split={ by: expression, train: "day < 9", test: "day >= 8", overlap: allow }';
    expect((await check([overlap]))["rows in two parts"]).toEqual([
      "leak",
      "50 of 100 test rows are training or history rows too (the first is row 401 of data.csv)",
    ]);
    const lines = smallData().trim().split("\n");
    writeFileSync(join(folder, "same.csv"), `${[...lines, lines.at(-1), lines.at(-1)].join("\n")}\n`);
    const ratio = [
      "data.source=same.csv",
      "data.split={ by: ratio, group: row, order: file, train: 0.997, test: 0.003 }",
    ];
    const [verdict, message] = (await check(ratio))["rows in two parts"]!;
    expect(verdict).toBe("leak");
    expect(message).toMatch(
      /^1 of 1 test rows equal a training row in every column \(the first is row 502 of same.csv\)$/,
    );
  });

  it("warns of measured rows that are not later", async () => {
    const random = await check(["data.split={ by: ratio, group: row, train: 0.8, test: 0.2 }"]);
    expect(random["time order"]![0]).toBe("warning");
    expect(random["time order"]![1]).toMatch(
      /^test day is 0 to 9, training 0 to 9: 100 of 100 test rows are not later than the last training row; within \d+ users too; a model in use knows nothing of its future$/,
    );
    const own = await check(["data.split={ by: ratio, order: time, train: 0.8, test: 0.2 }"]);
    expect(own["time order"]![1]).toMatch(/; within each user they are later; /);
    const back = await check(['data.split={ by: expression, train: "day > 2", test: "day < 2" }']);
    expect(back["time order"]).toEqual([
      "warning",
      "test day is 0 to 1, training 3 to 9: all test rows are smaller, right only where the column counts backwards",
    ]);
    const timeless = await check(["data.columns.day={ role: extra }"]);
    expect(timeless["time order"]).toEqual(["not checked", "the data have no column of role time"]);
  });

  it("finds a teacher that was trained on the test rows", { timeout: 60_000 }, async () => {
    const native = await nativeEngine();
    const alone = ["student=null", "train.student=null", "distill=[]", "train.epochs=1"];
    const late = 'data.split={ by: expression, train: "day >= 5", test: "day < 5" }';
    await finishRun(file, join(folder, "late"), { native, sets: [...alone, late] });
    const frozen = (run: string) => ["teacher=null", "train.teacher=null", `frozen={ run: ${run} }`];
    const [verdict, message] = (await check(frozen("late")))["teacher's rows"]!;
    expect([verdict, message]).toEqual([
      "leak",
      "frozen.run was trained on 50 of data.csv that are in the validation part",
    ]);
    await finishRun(file, join(folder, "early"), { native, sets: alone });
    expect((await check(frozen("early")))["teacher's rows"]).toEqual(["ok", "frozen.run: trained on no measured row"]);
  });

  it("finds a feature that is the label, one that follows from it, and a number that is ordered as it", async () => {
    const rating = (cells: readonly string[]) => Number(cells[6]);
    const copy = withColumn(
      "copy",
      "verdict",
      (cells) => (rating(cells) === 5 ? "yes" : "no"),
      "{ role: user, kind: categorical }",
    );
    expect((await check(["data.source=copy.csv", copy]))["label in a feature"]).toEqual([
      "leak",
      "verdict (seen by student and teacher) tells label top by itself (AUC 1.0000)",
    ]);
    // Grades 1 and 2 against the rest: neither label can be read off it, and it is made of the rating all the same.
    const coarse = withColumn(
      "coarse",
      "mood",
      (cells) => (rating(cells) === 1 ? "low" : "fine"),
      "{ role: item, kind: categorical }",
    );
    expect((await check(["data.source=coarse.csv", coarse]))["label in a feature"]).toEqual([
      "leak",
      "mood (seen by student and teacher) follows from label column rating (100.0 % of it)",
    ]);
    const context = withColumn(
      "context",
      "verdict",
      (cells) => (rating(cells) === 5 ? "yes" : "no"),
      "{ role: context, kind: categorical }",
    );
    expect((await check(["data.source=context.csv", context]))["label in a feature"]![1]).toMatch(
      /^verdict \(seen by teacher\)/,
    );
    const text = smallData()
      .trim()
      .split("\n")
      .map((line, i) => {
        const value = i === 0 ? 0 : Number(line.split(",")[6]) * 1000 + i;
        return `${line},${i === 0 ? "watched,share" : `${value},${value / 7}`}`;
      });
    writeFileSync(join(folder, "numbers.csv"), `${text.join("\n")}\n`);
    const columns = ["data.columns.watched={ role: label }", "data.columns.share={ role: user, kind: numeric }"];
    const labels = ["data.labels.top=watched % 2 == 0", "data.labels.good=watched % 3 == 0"];
    expect((await check(["data.source=numbers.csv", ...columns, ...labels]))["label in a feature"]![1]).toBe(
      "share (seen by student and teacher) is ordered as label column watched is (tau 1.0000)",
    );
  });
});

describe("twinstill check --config", () => {
  it("prints each check, and ends with the code of bad data where there is a leak", async () => {
    const clean = await runCommand(["check", "--config", file]);
    expect([clean.code, clean.out.split("\n")[0]]).toEqual([
      0,
      "ok: rows in two parts: no row of validation or test is in training or history, or repeats a row of them",
    ]);
    const leak = await runCommand([
      "check",
      "--config",
      file,
      "--set",
      "data.source=copy.csv",
      "--set",
      "data.columns.verdict={ role: user, kind: categorical }",
      "--json",
    ]);
    expect(leak.code).toBe(3);
    expect(JSON.parse(leak.out).checks.at(-1)).toMatchObject({ name: "label in a feature", verdict: "leak" });
    const none = await runCommand(["check"]);
    expect([none.code, none.err]).toEqual([
      2,
      expect.stringContaining("check: --config or --scores must be given, got neither; --config looks for leaks"),
    ]);
  });
});
