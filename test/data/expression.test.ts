import fc from "fast-check";
import { all, create } from "mathjs/number";
import { describe, expect, it } from "vitest";
import { compileExpression } from "../../src/data/compile-expression.ts";
import { parseExpression } from "../../src/data/expression.ts";
import type { RawColumn } from "../../src/data/raw-column.ts";
import { ConfigError, DataError } from "../../src/errors.ts";

const NONE = Number.NaN;
const columns = new Map<string, RawColumn>([
  ["y", { storage: "numbers", values: Float64Array.of(5, 4, 1, 3) }],
  ["x", { storage: "numbers", values: Float64Array.of(-2, 0, 7, 0.5) }],
  ["click", { storage: "numbers", values: Float64Array.of(1, 0, 1, 0) }],
  ["bought_at", { storage: "numbers", values: Float64Array.of(10, NONE, NONE, 20) }],
  ["dept", { storage: "categories", codes: Int32Array.of(0, 1, 0, 2), values: ["7", "12", "art"] }],
  ["kind", { storage: "categories", codes: Int32Array.of(0, -1, 1, 0), values: ["art", "law"] }],
  ["is sold", { storage: "numbers", values: Float64Array.of(0, 1, 0, 0) }],
  ["tags", { storage: "lists", offsets: Int32Array.of(0, 1, 1, 2, 2), codes: Int32Array.of(0, 0), values: ["a"] }],
]);
const options = { columns, where: "data.labels.l", locate: (row: number) => `f.csv line ${row + 2}` };

async function values(text: string, rows = 4): Promise<number[]> {
  const expression = await parseExpression(text, { columns: [...columns.keys()], where: options.where });
  const value = compileExpression(expression, options);
  return Array.from({ length: rows }, (_, row) => value(row));
}

describe("expressions over columns", () => {
  it.each([
    ["1", [1, 1, 1, 1]],
    ["true", [1, 1, 1, 1]],
    ["y >= 4", [1, 1, 0, 0]],
    ["click and y == 5", [1, 0, 0, 0]],
    ["click or y == 3", [1, 0, 1, 1]],
    ["click xor y == 5", [0, 0, 1, 0]],
    ["not click", [0, 1, 0, 1]],
    ["not (click or y > 3)", [0, 0, 0, 1]],
    ["1 < y <= 4", [0, 1, 0, 1]],
    ["1 < y < 5 != 0", [0, 1, 0, 1]],
    ["y != 3", [1, 1, 1, 0]],
    ["-y ^ 2 + x * 2", [-29, -16, 13, -8]],
    ["y mod 2", [1, 0, 1, 1]],
    ["-y % 3", [1, 2, 2, 0]],
    ["mod(x, 3) == 1", [1, 0, 1, 0]],
    ["min(y, x, 2)", [-2, 0, 1, 0.5]],
    ["max(x, 1)", [1, 1, 7, 1]],
    ["abs(x) + floor(x) + ceil(x)", [-2, 0, 21, 1.5]],
    ["round(x) == 1", [0, 0, 0, 1]],
    ["round(x - 3)", [-5, -3, 4, -3]],
    ["sqrt(y - 1) + log(exp(2))", [4, 2 + Math.sqrt(3), 2, 2 + Math.SQRT2]],
    ["round(log(y ^ 3, y + (y == 1)))", [3, 3, 0, 3]],
    ['dept == "7"', [1, 0, 1, 0]],
    ['"art" != dept', [1, 1, 1, 0]],
    ["dept == 'nowhere'", [0, 0, 0, 0]],
    ["isnull(bought_at)", [0, 1, 1, 0]],
    ["not isnull(bought_at) and bought_at > 15", [0, 0, 0, 1]],
    ["isnull(kind) or kind == dept", [0, 1, 0, 1]],
    ["isnull(tags)", [0, 1, 0, 1]],
    ['column("is sold") == 1', [0, 1, 0, 0]],
  ])("%s", async (text, expected) => {
    expect(await values(text)).toEqual(expected);
  });

  it("reads a category as a number where it is compared with one", async () => {
    expect(await values("dept >= 8", 3)).toEqual([0, 1, 0]);
    await expect(values("dept >= 8")).rejects.toThrow(
      'f.csv line 5: column "dept" must be a number in data.labels.l, got "art"',
    );
  });

  it("agrees with mathjs on every expression of numbers that has a finite value", async () => {
    const math = create(all!);
    let compared = 0;
    const atom = fc.constantFrom("y", "x", "click", "0", "1", "2.5", "3");
    const { text } = fc.letrec<{ text: string }>((tie) => ({
      text: fc.oneof(
        { maxDepth: 4 },
        atom,
        fc
          .tuple(
            tie("text"),
            fc.constantFrom("+", "-", "*", "/", "^", "mod", "==", "<", ">=", "and", "or", "xor"),
            tie("text"),
          )
          .map(([a, op, b]) => `(${a} ${op} ${b})`),
        fc
          .tuple(fc.constantFrom("abs", "floor", "ceil", "sqrt", "exp", "round", "not ", "-"), tie("text"))
          .map(([f, a]) => `${f}(${a})`),
        fc.tuple(fc.constantFrom("min", "max", "mod"), tie("text"), tie("text")).map(([f, a, b]) => `${f}(${a}, ${b})`),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(text, async (written) => {
        const expression = await parseExpression(written, { columns: ["y", "x", "click"], where: "w" });
        const value = compileExpression(expression, options);
        for (let row = 0; row < 4; row++) {
          const scope = Object.fromEntries(
            ["y", "x", "click"].map((name) => [name, (columns.get(name) as { values: Float64Array }).values[row]]),
          );
          let ours: number;
          try {
            ours = value(row);
          } catch (error) {
            expect(error).toBeInstanceOf(DataError);
            continue;
          }
          compared++;
          expect(ours).toBeCloseTo(Number(math.evaluate!(written, scope)), 9);
        }
      }),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(600);
  });

  it.each([
    [
      "bought_at > 3",
      'f.csv line 3: column "bought_at" must be a number in data.labels.l, got a missing value; guard it with isnull(...)',
    ],
    [
      'kind == "art"',
      'f.csv line 3: column "kind" must have a value in data.labels.l, got a missing value; guard it with isnull(...)',
    ],
    ["1 / x > 2", "f.csv line 3: divide in data.labels.l must give a finite number, got Infinity"],
    ["log(x) > 2", "f.csv line 2: log in data.labels.l must give a finite number, got NaN"],
    ["9 ^ 9 ^ 9 > y", "f.csv line 2: pow in data.labels.l must give a finite number, got Infinity"],
  ])("%s names the row where it has no value", async (text, message) => {
    const attempt = values(text);
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toThrow(message);
  });
});

describe("what expressions may not do", () => {
  it("names an unknown column, where it is, the nearest one and all of them", async () => {
    await expect(values("y >= 4 and clik")).rejects.toThrow(
      new ConfigError(
        'data.labels.l: names in "y >= 4 and clik" must be columns (y, x, click, bought_at, dept, kind, is sold, tags), got "clik" at character 12; did you mean "click"?',
      ),
    );
    await expect(values('column("is sol")')).rejects.toThrow('got "is sol" at character 9; did you mean "is sold"?');
  });

  it("names an unknown function, where it is, the nearest one and all of them", async () => {
    await expect(values("y > floot(x)")).rejects.toThrow(
      new ConfigError(
        'data.labels.l: functions in "y > floot(x)" must be min, max, abs, log, exp, sqrt, round, floor, ceil, mod, isnull or column, got "floot" at character 5; did you mean "floor"?',
      ),
    );
  });

  it.each([
    ["f(x) = x", "got functionassignment"],
    ["z = 3", "got assignment"],
    ["y[1]", "got accessor"],
    ["y.constructor", "got accessor"],
    ["[1, 2]", "got array"],
    ["1:3", "got range"],
    ["{a: 1}", "got object"],
    ["y; x", "got block"],
    ["y ? 1 : 0", "got conditional"],
    ["10^9!", "got the operator !"],
    ["y'", "got the operator '"],
    ["y & 1", "got the operator &"],
    ["5 to 3", "got the operator to"],
    ["2 y", "got two values side by side; write * between them"],
    ["null", "got the constant null; write isnull(column)"],
    ["1e999", "got the constant Infinity"],
    ["NaN", "got the constant NaN"],
    ["abs(1, 2)", "got abs with 2 operands; it takes 1"],
    ["log()", "got log with 0 operands; it takes 1 to 2"],
    ["isnull(y + 1)", "got isnull of something else than a column"],
    ["column(y)", "got column(...) without one quoted name"],
    ["y.abs(3)", 'got "a computed function"'],
    ["constructor", 'got "constructor" at character 1'],
    ["constructor(1)", 'got "constructor" at character 1'],
    ["import('fs')", 'got "import" at character 1'],
    ["evaluate('1')", 'got "evaluate" at character 1'],
    ["y == 5 cm", "got two values side by side"],
    ["y > cm", 'got "cm"'],
    ["pi > y", 'got "pi"'],
    ["", "got the constant undefined"],
    ["y and", "must be readable, got: Unexpected end of expression (char 6); write and, or, not"],
    ["y && x", "must be readable, got: Value expected (char 4); write and, or, not"],
    [`${"(".repeat(1500)}y${")".repeat(1500)}`, "must have at most 2000 characters, got 3001"],
    ['"a" < dept', 'got text "a"'],
    ['y == "5"', 'got text "5" compared with a number'],
    ['"a" == "b"', 'got text "b" compared with a number'],
    ["tags == 1", 'got the multi-valued column "tags"'],
  ])("%s", async (text, message) => {
    const attempt = values(text);
    await expect(attempt).rejects.toThrow(ConfigError);
    await expect(attempt).rejects.toThrow(message);
  });
});
