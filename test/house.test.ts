import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import * as library from "../src/index.ts";

/** Rooms that each room may import. Leaves (files directly in src, and src/files) may be imported by all. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  files: [],
  runtime: [],
  engine: ["runtime"],
  nn: ["engine", "runtime"],
  data: [],
  eval: ["engine"],
  teacher: ["nn", "engine"],
  student: ["nn", "engine"],
  distill: ["nn", "engine"],
  simulate: ["data"],
  run: ["teacher", "student", "distill", "simulate", "data", "eval", "nn", "engine", "runtime"],
  report: ["run", "eval"],
  cli: ["run", "report", "simulate", "data", "eval", "engine", "runtime"],
};

interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Files of ours that it imports when it loads. */
  readonly imports: readonly string[];
  /** Packages that it imports when it loads. */
  readonly packages: readonly string[];
}

const files: readonly SourceFile[] = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => {
    const full = join("src", path);
    const text = readFileSync(full, "utf8");
    const loads = [
      ...text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+"([^"]+)";|^import\s+"([^"]+)";/gms),
    ].map((match) => (match[1] ?? match[2])!);
    return {
      path: full,
      text,
      imports: loads.filter((name) => name.startsWith(".")).map((name) => relative(".", join(dirname(full), name))),
      packages: loads.filter((name) => !name.startsWith(".") && !name.startsWith("node:")),
    };
  });
const byPath = new Map(files.map((file) => [file.path, file]));
const roomOf = (path: string): string | undefined =>
  path.split("/").at(-2) && path.split("/").length > 2 ? path.split("/")[1] : undefined;

/** Everything that loads when `start` does. */
function loadedBy(start: string, seen = new Set<string>()): Set<string> {
  if (seen.has(start)) return seen;
  seen.add(start);
  for (const next of byPath.get(start)?.imports ?? []) loadedBy(next, seen);
  return seen;
}

describe("the house", () => {
  it("has arrows that go down only, type imports included", () => {
    const wrong = files.flatMap(({ path, text }) => {
      const from = roomOf(path);
      if (from === undefined) return [];
      return [...text.matchAll(/from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/g)].flatMap((match) => {
        const target = relative(".", join(dirname(path), (match[1] ?? match[2])!));
        const to = roomOf(target);
        return to === undefined || to === "files" || to === from || ARROWS[from]!.includes(to)
          ? []
          : [`${path} -> ${target}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it("has no cycles", () => {
    const cycles = files.filter(({ path, imports }) => imports.some((next) => loadedBy(next).has(path)));
    expect(cycles.map(({ path }) => path)).toEqual([]);
  });

  it("keeps tensors out of data, and out of the command line's start", () => {
    const tensors = (path: string): string[] =>
      [...loadedBy(path)].filter((loaded) =>
        byPath.get(loaded)?.packages.some((name) => name.startsWith("@tensorflow/")),
      );
    expect(files.filter(({ path }) => roomOf(path) === "data").flatMap(({ path }) => tensors(path))).toEqual([]);
    expect(tensors("src/cli/main.ts")).toEqual([]);
    expect(tensors("src/eval/index.ts")).toEqual([]);
  });

  it("prints, exits and reads its arguments in cli alone", () => {
    const found = files.filter(
      ({ path, text }) =>
        roomOf(path) !== "cli" &&
        /\bconsole\.(log|error|warn|info)|process\.(exit\b|exitCode|argv|stdout|stderr)/.test(
          text.replace(/^\s*(\/\/|\*).*$/gm, ""),
        ),
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  it("takes random numbers from one generator, and no clock into results", () => {
    expect(files.filter(({ text }) => /\bMath\.random\b/.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it("has no file over 300 lines", () => {
    const long = files
      .filter(({ text }) => text.split("\n").length > 301)
      .map(({ path, text }) => `${path} ${text.split("\n").length}`);
    expect(long).toEqual([]);
  });

  it("exports what the list says", () => {
    expect(Object.keys(library).sort()).toMatchInlineSnapshot(`
      [
        "ConfigError",
        "DataError",
        "ShapeError",
        "adaptiveRanking",
        "affineLogits",
        "affineMse",
        "auc",
        "batchesPerEpoch",
        "bernoulliKl",
        "binaryCrossEntropy",
        "calibratedListwise",
        "cascadeRanking",
        "cascadeSurvival",
        "checkSchedule",
        "collaborativeDistillation",
        "combineTerms",
        "createProgram",
        "describeRuntime",
        "distillationExpertParameters",
        "distillationExperts",
        "dssm",
        "estimateRanks",
        "evaluate",
        "executeRun",
        "fuseHeads",
        "globalOrder",
        "glorotUniform",
        "hingeOverNegatives",
        "hintCosine",
        "hintMse",
        "inBatchHinge",
        "inBatchLogistic",
        "inBatchSoftmax",
        "inspectRuntime",
        "installRuntime",
        "interactions",
        "isUserError",
        "listKl",
        "listMle",
        "listNet",
        "loadRuntime",
        "logisticOverNegatives",
        "logitMse",
        "lookup",
        "makeBatch",
        "marginMse",
        "measure",
        "mmoe",
        "neuralSort",
        "openDataset",
        "openRun",
        "ordinalLevels",
        "ordinalThresholds",
        "pairwiseHinge",
        "pairwiseLogistic",
        "positionWeighted",
        "probabilityMse",
        "randomStream",
        "rankDistil",
        "rankPosition",
        "rankTarget",
        "rankingDistillation",
        "rankingMetrics",
        "ranksOf",
        "readRunConfig",
        "refinedSoftmax",
        "relaxedRanking",
        "relaxedRecall",
        "runConfig",
        "scheduleValue",
        "softCrossEntropy",
        "softSort",
        "softmaxOverNegatives",
        "stageRecall",
        "stopGradient",
        "streamBatches",
        "streamingFrequency",
        "topItems",
        "tutorLearning",
        "tutorOrder",
        "tutorValue",
        "weightInput",
        "weightedMean",
        "weightedSum",
        "zeros",
      ]
    `);
  });

  it("imports only packages that package.json names", () => {
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    const known = new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)]);
    const used = new Set(
      files.flatMap(({ text }) =>
        [...text.matchAll(/(?:\bfrom|\bimport\()\s*"([^".\s)][^"\s]*)"/g)]
          .map((match) => match[1]!)
          .filter((name) => !name.startsWith("node:")),
      ),
    );
    const packageOf = (name: string): string =>
      name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/");
    expect([...used].map(packageOf).filter((name) => !known.has(name))).toEqual([]);
  });
});
