// Every example of docs/losses.md, and of the losses' own comments, runs and gives what it says.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { makeBatch } from "../../src/data/make-batch.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram } from "../../src/engine/program.ts";
import * as library from "../../src/index.ts";
import { batchSpecOf } from "../../src/run/batch-spec.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { buildModels } from "../../src/run/models.ts";
import { ratesOf } from "../../src/run/optimisers.ts";
import { buildEntries } from "../../src/run/steps.ts";
import { termInputs } from "../../src/run/term-inputs.ts";
import { nativeEngine, smallData } from "../run/small-run.ts";
import { distilled, writeConfig, type Yaml } from "../run/term-setting.ts";

const document = readFileSync("docs/losses.md", "utf8");
const blocks = (language: string): string[] =>
  [...document.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map((found) => found[1]!);

/** Runs code that sees tfjs and the library. @returns each line's value beside what its comment says. */
function valuesOf(code: string): { readonly got: unknown; readonly said: unknown; readonly line: string }[] {
  const lines = code.split("\n").filter((line) => !/^import /.test(line));
  const said: unknown[] = [];
  const marked = lines.map((line) => {
    const found = line.match(/^(?:const \w+ = )?(.*);\s*\/\/ (\[.*\]|-?[\d.]+)$/);
    if (!found) return line;
    said.push(JSON.parse(found[2]!));
    return `results.push([${JSON.stringify(line)}, ${found[1]}]);`;
  });
  const results: (readonly [string, unknown])[] = [];
  const names = Object.keys(library);
  const script = ts.transpileModule(marked.join("\n"), { compilerOptions: { target: ts.ScriptTarget.ES2023 } });
  const run = new Function("tf", "results", ...names, script.outputText) as (...given: readonly unknown[]) => void;
  run(tf, results, ...Object.values(library));
  return results.map(([line, got], i) => ({ line, got, said: said[i] }));
}

const flat = (values: unknown): number[] => ([values] as unknown[]).flat(9) as number[];

function expectSaid(code: string): void {
  const found = valuesOf(code);
  expect(found.length, "lines that say a value").toBeGreaterThan(0);
  for (const { line, got, said } of found) {
    expect(flat(got), line).toHaveLength(flat(said).length);
    flat(said).forEach((want, i) => {
      expect(Math.abs(flat(got)[i]! - want), `${line}: got ${flat(got)[i]}`).toBeLessThanOrEqual(5.5e-5);
    });
  }
}

describe("the comments of the losses", () => {
  const files = ["losses", "lists"].flatMap((folder) =>
    readdirSync(`src/distill/${folder}`).map((name) => `src/distill/${folder}/${name}`),
  );
  const examples = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/@example\n((?: \* .+\n)+)/g)].map(
      (found, i) => [`${file} ${i + 1}`, found[1]!.replaceAll(/^ \* ?/gm, "")] as const,
    ),
  );

  it("are many", () => expect(examples.length).toBeGreaterThan(35));
  it.each(examples)("say what %s gives", (_, code) => expectSaid(code));
});

describe("docs/losses.md", () => {
  let native: NativeEngine | undefined;
  let folder: string;
  beforeAll(async () => {
    native = await nativeEngine();
    folder = mkdtempSync(join(tmpdir(), "twinstill-docs-"));
    writeFileSync(join(folder, "data.csv"), smallData());
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(blocks("ts").map((code, i) => [i + 1, code] as const))("code %i gives what it says", (_, code) =>
    expectSaid(code),
  );

  it.each(blocks("yaml").map((text, i) => [i + 1, parse(text) as Yaml] as const))(
    "YAML %i trains",
    async (_, given) => {
      const base = distilled({ kind: "bernoulli-kl" }, { negatives: { kind: "random", count: 4 } });
      const merged = Object.entries(given).map(([key, value]) =>
        Array.isArray(value) ? [key, value] : [key, { ...(base[key] as Yaml | undefined), ...(value as Yaml) }],
      );
      const changed = {
        ...base,
        ...Object.fromEntries(merged),
        ...(given.negatives !== undefined && { negatives: given.negatives }),
      };
      const huber: library.OwnLoss = (student, teacher) => tf.abs(tf.sub(student, teacher));
      const { config, folder: baseDir } = readRunConfig(writeConfig(folder, changed));
      const dataset = await library.openDataset(config.data, { baseDir });
      const models = buildModels(config, dataset);
      const entries = buildEntries(config, models, { losses: { huber } });
      const program = createProgram(models.parameters, entries, { native, seed: 1 });
      const lists = { width: 20, items: new Int32Array(20 * dataset.users.size).map((_, at) => at % 20) };
      const spec = batchSpecOf(config, dataset, { student: lists });
      const report = program.train("train", {
        batch: makeBatch(dataset, spec, 0, 0),
        rates: ratesOf(config, 0),
        inputs: termInputs(config, { step: 0 }),
      });
      const terms = (given.distill as readonly { name: string }[] | undefined) ?? [];
      for (const { name } of terms) expect(report.parts[`distill/${name}`]).toBeGreaterThan(0);
      expect(Object.values(report.parts).every(Number.isFinite)).toBe(true);
      program.close();
    },
  );

  it("names every kind of loss", async () => {
    const { DISTILL_KINDS } = await import("../../src/run/config/distill-config.ts");
    const { HARD_KINDS } = await import("../../src/run/config/hard-loss-config.ts");
    for (const kind of [...DISTILL_KINDS, ...HARD_KINDS])
      expect(document).toMatch(new RegExp(`\`${kind}\`|kind: ${kind}`));
  });
});
