import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/run/config/load-config.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { writeSmallRun } from "./small-run.ts";

let folder: string;
let file: string;
beforeAll(() => {
  folder = relative(process.cwd(), mkdtempSync(join(tmpdir(), "twinstill-config-")));
  file = writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a YAML file beside the run's. */
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const message = (path: string, sets: readonly string[] = []): string => {
  try {
    readRunConfig(path, sets);
  } catch (error) {
    return (error as Error).message.replaceAll(folder, "DIR");
  }
  throw new Error("the configuration was accepted");
};

describe("readRunConfig", () => {
  it("fills in defaults", () => {
    const { config } = readRunConfig(file);
    expect(config.student!.embeddings).toEqual({ default: 4, widths: {}, deviation: 0.05, update: "rows" });
    expect(config.train.student!.dense).toEqual({ kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    expect(config.distill[0]).toMatchObject({ temperature: 1, weight: 1 });
    expect(config.share).toEqual([]);
  });

  it("merges what a file extends, map by map, and remembers where each value came from", () => {
    const child = write("child.yaml", "extends: run.yaml\ntrain:\n  epochs: 9\nstudent:\n  userUnits: [8, 4]\n");
    const { config, origins } = readRunConfig(child);
    expect(config.train).toMatchObject({ epochs: 9, batchSize: 64 });
    expect(config.student!.userUnits).toEqual([8, 4]);
    expect(origins.get("train.epochs")).toEqual({ file: child, line: 3 });
    expect(origins.get("train.batchSize")).toEqual({ file: join(folder, "run.yaml"), line: 33 });
  });

  it("replaces a block of another kind whole", () => {
    const child = write(
      "adagrad.yaml",
      "extends: run.yaml\ntrain:\n  student: { rate: 0.1, dense: { kind: adam, beta1: 0.5 } }\n",
    );
    const { config } = readRunConfig(child, ["train.student.dense={ kind: adagrad }"]);
    expect(config.train.student!.dense).toEqual({ kind: "adagrad", epsilon: 1e-7, initialAccumulator: 0.1 });
  });

  it("takes relative data paths from the file that names the source", () => {
    expect(loadConfig(file).folder).toBe(join(process.cwd(), folder));
  });

  it("sets single values", () => {
    const { config, origins } = readRunConfig(file, [
      "distill.0.temperature=2",
      "train.clip=1".replace("clip=1", "patience=4"),
    ]);
    expect(config.distill[0]).toMatchObject({ temperature: 2 });
    expect(config.train.patience).toBe(4);
    expect(origins.get("distill.0.temperature")).toEqual({ file: "--set" });
  });

  it("does not let a file or --set reach a prototype", () => {
    expect(message(file, ["__proto__.polluted=1"])).toContain('unknown key "__proto__"');
    expect(message(write("proto.yaml", "extends: run.yaml\n__proto__: { polluted: 1 }\n"))).toContain(
      'unknown key "__proto__"',
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("a wrong configuration", () => {
  it.each([
    ["an unknown key", "trian: {}\n", 'DIR/wrong.yaml:2: configuration: unknown key "trian"; did you mean "train"?'],
    [
      "a key in a block",
      "train:\n  batchsize: 3\n",
      'DIR/wrong.yaml:3: train: unknown key "batchsize"; did you mean "batchSize"?',
    ],
    [
      "an unknown kind",
      "student:\n  losses: [{ kind: in-batch-sofmax, label: good }]\n",
      'DIR/wrong.yaml:3: student.losses.0.kind: must be "binary-cross-entropy", "in-batch-softmax", "in-batch-hinge", "in-batch-logistic", "hinge", "logistic", "bpr" or "softmax", got "in-batch-sofmax"; did you mean "in-batch-softmax"?',
    ],
    [
      "a label that is not there",
      "teacher:\n  labels: { ctr: seen, ctcvr: topp }\n",
      'DIR/wrong.yaml:3: teacher.labels.ctcvr: must name a label of data.labels (seen, good, top), got "topp"; did you mean "top"?',
    ],
    [
      "a feature of the wrong role",
      "student:\n  userFeatures: [user, topic]\n",
      'DIR/wrong.yaml:3: student.userFeatures.1: must name a column that has role user (user, age), got "topic"',
    ],
    [
      "a privileged feature in the student",
      "student:\n  itemFeatures: [item, hour]\n",
      'student.itemFeatures.1: must name a column that has role item (item, topic), got "hour"',
    ],
    [
      "a temperature of 0",
      "distill: [{ name: kd, head: ctcvr, kind: bernoulli-kl, temperature: 0 }]\n",
      "distill.0.temperature: Too small: expected number to be >0",
    ],
    [
      "two terms of one name",
      "distill: [{ name: kd, head: ctcvr, kind: bernoulli-kl }, { name: kd, head: ctr, kind: bernoulli-kl }]\n",
      'distill.1.name: must be unique, got "kd" twice',
    ],
    [
      "a list-wise loss on one item a row",
      "distill: [{ name: kd, head: ctcvr, kind: list-kl, space: exposed }]\n",
      "DIR/wrong.yaml:2: distill.0.space: list-kl compares the candidates of a row, and exposed leaves one",
    ],
  ])("with %s is refused with file, line and what to do", (_what, text, expected) => {
    expect(message(write("wrong.yaml", `extends: run.yaml\n${text}`))).toContain(expected);
  });

  it("is told all at once", () => {
    const text = message(file, ["train.epochs=0", "seed=-1", "student.inputDropout=1"]);
    expect(text.split("\n")).toHaveLength(3);
  });

  it("names a missing optimiser and one without its model", () => {
    const lonely = write("lonely.yaml", "extends: run.yaml\nstudent:\n");
    expect(message(file, ["train.teacher="])).toContain("train");
    expect(message(lonely)).toContain("student");
  });

  it.each([
    [
      "a file that is not there",
      () => join(folder, "none.yaml"),
      "DIR/none.yaml: configuration file must be readable, got ENOENT",
    ],
    ["broken YAML", () => write("broken.yaml", "a: [1,\nb: 2\n"), "DIR/broken.yaml:2: "],
    ["a key twice", () => write("twice.yaml", "seed: 1\nseed: 2\n"), "DIR/twice.yaml:2: Map keys must be unique"],
    ["an empty file", () => write("empty.yaml", ""), "configuration must be a map of blocks, got an empty file"],
    ["circular extends", () => write("circle.yaml", "extends: circle.yaml\n"), "extends must not be circular"],
  ])("of %s is refused", (_what, path, expected) => {
    expect(message(path())).toContain(expected);
  });

  it("names a --set that is no assignment, or goes through a number", () => {
    expect(message(file, ["train.epochs"])).toBe('--set: assignment must be path=value, got "train.epochs"');
    expect(message(file, ["seed.x=1"])).toBe('--set seed.x: "seed" must be a block, got 3');
    expect(message(file, ["distill.4.weight=1"])).toBe('--set distill.4.weight: "4" must be an index below 1');
  });
});
