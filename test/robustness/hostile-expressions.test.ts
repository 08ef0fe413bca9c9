// Label expressions that are written to run long, to allocate, or to reach what is around them.
import { describe, expect, it } from "vitest";
import { compileExpression } from "../../src/data/compile-expression.ts";
import { parseExpression } from "../../src/data/expression.ts";
import type { RawColumn } from "../../src/data/raw-column.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { randomStream } from "../../src/random.ts";
import { times } from "./long-part.ts";

const columns = new Map<string, RawColumn>([
  ["y", { storage: "numbers", values: Float64Array.of(5) }],
  ["c", { storage: "categories", codes: Int32Array.of(0), values: ["a"] }],
]);
const where = "data.labels.l";

/** The value of the first row, or the error. Fails on errors that are not ours, and where it took too long. */
async function outcome(text: string): Promise<number | Error> {
  const started = performance.now();
  const found = await parseExpression(text, { columns: [...columns.keys()], where })
    .then((expression) => compileExpression(expression, { columns, where, locate: (row) => `row ${row}` })(0))
    .catch((error: Error) => error);
  if (found instanceof Error && !(found instanceof ConfigError || found instanceof DataError)) throw found;
  expect(performance.now() - started, text.slice(0, 80)).toBeLessThan(10_000);
  return found;
}

const repeated = (text: string): string => text.repeat(Math.floor(1900 / text.length));
const nested = (open: string, close: string): string => {
  const depth = Math.floor(1900 / (open.length + close.length));
  return `${open.repeat(depth)}y${close.repeat(depth)}`;
};

describe("an expression from an enemy", () => {
  it.each([
    ["long", `${"1 + ".repeat(1000)}1`, "an expression must have at most 2000 characters, got 4001"],
    ["of minus signs", `${repeated("-")}y`, "got more than 1000 operations within each other"],
    ["of factorials", `y${repeated("!")}`, "got the operator !"],
    ["of a factorial of millions", "99999999!", "got the operator !"],
    ["of a range", "1:99999999999", "got range"],
    ["of a matrix", "zeros(100000, 100000)", 'got "zeros"'],
    ["of a long array", `[${repeated("1,")}1]`, "got array"],
    ["of a text that grows", 'repeat("x", 1e9)', 'got "repeat"'],
    ["of recursion", "f(x) = f(x + 1); f(1)", "got block"],
    ["of a function", "f(x) = f(x)", "got functionassignment"],
    ["of an assignment", "y = 5", "got assignment"],
    ["of a condition", "y ? 1 : 0", "got conditional"],
    ["of a constructor", "y.constructor", "got accessor"],
    ["of a prototype", "__proto__", 'got "__proto__"'],
    ["of an object", '{"__proto__": 1}', "got object"],
    ["of an evaluation", 'evaluate("1")', 'got "evaluate"'],
    ["of an import", "import({ a: 1 })", 'got "import"'],
    ["of a number without end", "1e999", "got the constant Infinity"],
    ["of too many operands", `min(${repeated("y,")}y)`, "operands; it takes 1 to 64"],
  ])("%s is refused", async (_, text, message) => {
    const found = await outcome(text);
    expect(found).toBeInstanceOf(ConfigError);
    expect((found as Error).message).toContain(message);
  });

  it.each([
    ["powers of powers", `y${repeated("^9")}`],
    ["a great power", "y ^ 99999999999"],
    ["a product over float64", "1e308 * 10 * y"],
  ])("of %s names the row", async (_, text) => {
    const found = await outcome(text);
    expect(found).toBeInstanceOf(DataError);
    expect((found as Error).message).toContain(
      `row 0: ${text.includes("^") ? "pow" : "multiply"} in ${where} must give`,
    );
  });

  it.each([
    ["a chain of comparisons", `y${repeated("<1")}`, 0],
    ["a chain of and", `y${repeated(" and y")}`, 1],
    ["a chain of divisions", `${repeated("1/")}y`, expect.any(Number)],
  ])("of %s has its value", async (_, text, value) => {
    expect(await outcome(text)).toEqual(value);
  });

  it.each(["()", "[]", "abs( )", "min( )", "-( )", "(1/ )", "(y< )", "not ( )"])(
    "nested by %s ends soon",
    async (pair) => {
      const found = await outcome(nested(pair.slice(0, -1).trim(), pair.slice(-1)));
      expect(found instanceof Error ? found.message : found).toEqual(
        found instanceof Error ? expect.stringContaining(where) : expect.any(Number),
      );
    },
  );

  it("of random pieces is refused or has a value", async () => {
    const pieces = [
      "y",
      "c",
      "1",
      "0x",
      "1e",
      '"a"',
      "'",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      "^",
      "-",
      "!",
      "%",
      ":",
      "?",
      ",",
      ";",
      "=",
      "==",
      "<",
      ".",
      "\\",
      "#",
      " and ",
      " not ",
      " to ",
      " in ",
      " mod ",
      "min(",
      "abs(",
      "isnull(",
      "column(",
      "__proto__",
      "constructor",
      "\n",
      "\u2028",
      "\0",
      "é",
    ];
    const stream = randomStream(1, "hostile expressions");
    for (let i = 0; i < times({ quick: 200, long: 5000 }); i++) {
      const length = 1 + stream.integer(i % 10 === 0 ? 300 : 12);
      await outcome(
        Array.from({ length }, () => pieces[stream.integer(pieces.length)]!)
          .join("")
          .slice(0, 2000),
      );
    }
  });
});
