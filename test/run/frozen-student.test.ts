import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { pairReader } from "../../src/data/pairs/pair-reader.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import type { Evaluation } from "../../src/run/evaluation/evaluate.ts";
import { permutedEvaluations } from "../../src/run/evaluation/permute.ts";
import { openRun } from "../../src/run/open-run.ts";
import { openRunData } from "../../src/run/starting-point.ts";
import { finishRun, nativeEngine, writeSmallRun } from "./small-run.ts";

const LABEL = "student.losses=[{ kind: binary-cross-entropy, label: top }]";
const ONE = ["train.epochs=1", LABEL];
let folder: string;
let file: string;
let baseTest: Evaluation;
let native: NativeEngine | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-frozen-"));
  file = writeSmallRun(folder);
  native = await nativeEngine();
  baseTest = (await finishRun(file, join(folder, "base"), { native, sets: ONE })).test!;
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WITHOUT_TEACHER = ["teacher=null", "train.teacher=null", "frozen={ run: base, model: student }"];

describe("frozen.model: student", () => {
  it("teaches with the student's one score, and does not move", { timeout: 240_000 }, async () => {
    const own = await finishRun(file, join(folder, "self"), { native, sets: [...ONE, ...WITHOUT_TEACHER] });
    const base = await openRun(join(folder, "base"), { native });
    const self = await openRun(join(folder, "self"), { native });
    try {
      for (const name of ["user/embedding/user", "item/0/kernel", "logScale"]) {
        const [then, now] = [base.program.read(`student/${name}`), self.program.read(`teacher/${name}`)];
        expect(now, name).toEqual(then);
        expect(self.program.read(`student/${name}`), name).not.toEqual(then);
      }
      expect(own.test!.teacher).toEqual(baseTest.student);
      expect(own.models.teacher!.values).toBe(own.models.student!.values);
    } finally {
      base.program.close();
      self.program.close();
    }
  });

  it("is refused where it cannot teach, and where the run has none", async () => {
    const latent = [...ONE, ...WITHOUT_TEACHER, "distill=[{ name: kd, head: ctr, kind: hint-mse }]"];
    expect(() => readRunConfig(file, latent)).toThrow(
      "hint-mse needs the layers of a ranker, a frozen student has scores alone",
    );
    await finishRun(file, join(folder, "teacher"), {
      native,
      sets: ["student=null", "train.student=null", "distill=[]", "train.epochs=1"],
    });
    const sets = [...ONE, "teacher=null", "train.teacher=null", "frozen={ run: teacher, model: student }"];
    await expect(finishRun(file, join(folder, "none"), { native, sets })).rejects.toThrow(
      "frozen.run: run must have a student (frozen.model), got a teacher alone",
    );
  });
});

describe("frozen teachers with statistics", () => {
  const PAIRS = "data.pairs={ taste: { kind: mean, of: top, by: [user] } }";
  const datasetOf = async (...sets: readonly string[]) => {
    const frozen = ["teacher=null", "train.teacher=null", "frozen={ run: statistics }"];
    return (await openRunData(readRunConfig(file, [...ONE, ...frozen, ...sets]))).dataset;
  };
  const tasteOf = ({ parts, ...dataset }: Dataset, rows: Int32Array): readonly number[] => {
    const read = pairReader(dataset, "taste");
    return Array.from(rows, (row) => read({ row, item: dataset.items.rowEntity[row]!, own: true }));
  };

  it("leave out each of its own rows, whether or not the student's file names them", async () => {
    const sets = ["student=null", "train.student=null", "distill=[]", "train.epochs=1", PAIRS];
    await finishRun(file, join(folder, "statistics"), { native, sets });
    const [named, taken] = [await datasetOf(PAIRS), await datasetOf()];
    const { train } = named.parts;
    expect(tasteOf(taken, train)).toEqual(tasteOf(named, train));
    // On other rows they are those that the teacher kept, with nothing to leave out.
    const later = await datasetOf("data.split={ by: expression, train: day == 8, test: day == 9 }");
    expect(tasteOf(later, later.parts.train)).toEqual(tasteOf(named, named.parts.validation!));
  });
});

describe("start.embeddings", () => {
  it("begins the student's tables as the teacher's of the same feature and width", { timeout: 240_000 }, async () => {
    const still = ["train.student.rate=1.0e-30", "start={ encoding: base, embeddings: base }"];
    await finishRun(file, join(folder, "warm"), { native, sets: [...ONE, ...still] });
    const base = await openRun(join(folder, "base"), { native });
    const warm = await openRun(join(folder, "warm"), { native });
    try {
      for (const [tower, feature] of [
        ["user", "age"],
        ["item", "item"],
      ] as const)
        expect(warm.program.read(`student/${tower}/embedding/${feature}`)).toEqual(
          base.program.read(`teacher/embedding/${feature}`),
        );
      expect(warm.program.read("student/user/0/kernel")).not.toEqual(base.program.read("student/user/0/kernel"));
    } finally {
      base.program.close();
      warm.program.close();
    }
    const wide = [...ONE, "start={ encoding: base, embeddings: base }", "student.embeddings.default=6"];
    await expect(finishRun(file, join(folder, "wide"), { native, sets: wide })).rejects.toThrow(
      "start.embeddings: the teacher must have an embedding of a feature and width of the student's, got none in",
    );
  });
});

describe("permutedEvaluations", () => {
  it("changes the models that see the column and no other, the same for the same seed", {
    timeout: 240_000,
  }, async () => {
    const run = await openRun(join(folder, "base"), { native });
    try {
      const options = { part: "test", columns: ["hour", "topic"], repeats: 2, seed: 1 } as const;
      const [hour, topic] = await permutedEvaluations(run, options);
      for (const { student, teacher } of hour!.evaluations) {
        expect(student).toEqual(baseTest.student);
        expect(teacher).not.toEqual(baseTest.teacher);
      }
      const auc = topic!.evaluations.map(({ student }) => student!["ctcvr/auc"]);
      expect(new Set([...auc, baseTest.student!["ctcvr/auc"]]).size).toBe(3);
      expect(await permutedEvaluations(run, options)).toEqual([hour, topic]);
      await expect(permutedEvaluations(run, { ...options, columns: ["topci"] })).rejects.toThrow(
        'permute: columns must be features (user, age, item, topic, hour), got "topci"; did you mean "topic"?',
      );
    } finally {
      run.program.close();
    }
  });
});

describe("--set path=null", () => {
  it("takes a setting away, and says where there is none", () => {
    expect(readRunConfig(file, ["negatives=null", "distill=[]", LABEL]).config.negatives).toBeUndefined();
    expect(() => readRunConfig(file, ["frozen=null"])).toThrow(
      "--set frozen: null must take away a setting, got none there",
    );
    expect(() => readRunConfig(file, ["distill.0=null"])).toThrow(
      "--set distill.0: null must take away a setting, got an entry of a list",
    );
  });
});
