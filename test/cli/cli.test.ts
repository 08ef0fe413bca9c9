import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { smallData, writeSmallRun } from "../run/small-run.ts";
import { runCommand } from "./run-command.ts";

let folder: string;
let config: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-cli-"));
  config = writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const out = (name: string): string => join(folder, name);

describe("twinstill", () => {
  it("lists its commands", async () => {
    const { code, out: text } = await runCommand(["--help"]);
    expect(code).toBe(0);
    expect(text.match(/^ {2}\w+/gm)!.map((line) => line.trim())).toEqual(
      expect.arrayContaining(["train", "evaluate", "embed", "demo", "runtime"]),
    );
  });

  it("refuses unknown commands and options with exit code 2", async () => {
    expect(await runCommand(["trian"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("unknown command 'trian'"),
    });
    expect(await runCommand(["train", "--config", "x"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("--out <folder>"),
    });
  });
});

describe("twinstill train", () => {
  it("trains, prints a table, and one JSON object where asked", async () => {
    const first = await runCommand(["train", "--config", config, "--out", out("a")]);
    expect(first).toMatchObject({ code: 0 });
    expect(first.err).toMatch(/^runtime: (native|wasm|cpu)/);
    expect(first.err).toMatch(/initial weights [0-9a-f]{16}/);
    expect(first.out).toMatch(/^ +ctr\/[\s\S]*\nteacher +0\.\d{4} [\s\S]*\nstudent +0\.\d{4} [\s\S]*\nrun folder: /);
    const second = await runCommand(["train", "--config", config, "--out", out("b"), "--quiet", "--json"]);
    expect(second.err).toBe("");
    const { rows, run } = JSON.parse(second.out.trim().split("\n").at(-1)!);
    expect(run).toBe(out("b"));
    expect(rows.map((row: { name: string }) => row.name)).toEqual(["teacher", "student"]);
    expect(rows[1]["recall@5"]).toBeGreaterThan(0);
  });

  it("writes vectors that score as the run does, and evaluates a finished run the same", async () => {
    const { code } = await runCommand(["embed", "--run", out("b"), "--out", out("vectors"), "--quiet"]);
    expect(code).toBe(0);
    const read = async (name: string) =>
      parquetReadObjects({ file: await asyncBufferFromFile(join(out("vectors"), name)) });
    const [users, items] = [await read("users.parquet"), await read("items.parquet")];
    expect(users).toHaveLength(30);
    expect(users[0]).toEqual({ id: expect.stringMatching(/^u\d+$/), embedding: expect.any(Array) });
    expect(items.map(({ id }) => Number(id)).sort((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    for (const { embedding } of [...users, ...items]) expect(Math.hypot(...(embedding as number[]))).toBeCloseTo(1, 5);
    const evaluated = await runCommand(["evaluate", "--run", out("b"), "--json", "--quiet"]);
    expect(JSON.parse(evaluated.out).rows).toEqual(
      Object.entries(JSON.parse(readFileSync(join(out("b"), "result.json"), "utf8")).test).map(([name, metrics]) => ({
        name,
        ...(metrics as object),
      })),
    );
  });

  it("stops at a signal with a checkpoint and exit code 130, and goes on from there to the same weights", async () => {
    const args = ["train", "--config", config, "--out", out("signal")];
    const stopped = await runCommand(args, (text, signal) => {
      if (text.includes("initial weights")) signal("SIGINT");
    });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toContain(
      `stopped by SIGINT after step 1; go on with: twinstill train --config ${config} --out ${out("signal")} --resume`,
    );
    expect((await runCommand([...args, "--resume", "--quiet"])).code).toBe(0);
    const weights = (run: string): Buffer => {
      const name = readFileSync(join(out(run), "checkpoints", "latest"), "utf8").trim();
      return readFileSync(join(out(run), "checkpoints", name, "model.safetensors"));
    };
    expect(weights("signal")).toEqual(weights("b"));
  });

  it("ends with 143 at SIGTERM, in a real process", async () => {
    const args = [
      "--import",
      "tsx",
      "src/cli/main.ts",
      "train",
      "--config",
      config,
      "--out",
      out("term"),
      "--set",
      "train.epochs=100000",
      "--set",
      "train.checkpointEvery=50",
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    let killed = false;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
      if (!killed && text.includes("step ")) killed = child.kill("SIGTERM");
    });
    const code = await new Promise((resolve) => child.on("exit", resolve));
    expect(code).toBe(143);
    expect(err).toContain("stopped by SIGTERM after step");
    expect(existsSync(join(out("term"), "checkpoints", "latest"))).toBe(true);
  });
});

describe("twinstill explain and compare", () => {
  it("shows every setting with the line it comes from", async () => {
    const { code, out: text } = await runCommand(["explain", config, "--set", "train.epochs=2"]);
    expect(code).toBe(0);
    expect(text).toMatch(/^train\.epochs +2 +# --set$/m);
    expect(text).toMatch(/^train\.batchSize +64 +# .*run\.yaml:\d+$/m);
    expect(text).toMatch(/^student\.normalise +true +# default$/m);
  });

  it("shows what differs between runs, and marks the better of each metric in its own direction", async () => {
    await runCommand(["train", "--config", config, "--out", out("c"), "--quiet", "--set", "distill.0.temperature=3"]);
    const { code, out: text } = await runCommand(["compare", out("b"), out("c")]);
    expect(code).toBe(0);
    expect(text).toContain("  distill.0.temperature: 1  |  3\n");
    expect(text).not.toContain("seed");
    const logloss = text.match(/^student\/ctr\/logloss +([\d.]+)( \*)? +([\d.]+)( \*)?/m)!;
    expect(logloss[2] === undefined).toBe(Number(logloss[1]) > Number(logloss[3]));
    expect((await runCommand(["compare", out("b")])).code).toBe(2);
    expect((await runCommand(["compare", out("b"), out("none")])).err).toContain("folder must hold a run");
  });
});

describe("bad input", () => {
  /** Runs the small run on changed data. */
  const withData = async (name: string, data: string) => {
    const path = writeSmallRun(out(name), { data });
    return runCommand(["train", "--config", path, "--out", join(out(name), "run"), "--quiet"]);
  };
  const lines = smallData().split("\n");
  const change = (line: number, column: number, value: string): string => {
    const cells = lines[line]!.split(",");
    cells[column] = value;
    return lines.with(line, cells.join(",")).join("\n");
  };

  it.each([
    ["an empty file", "", /data\.csv/],
    ["a missing column", smallData().replace("rating", "stars"), /data\.csv.*"rating"/],
    ["a word where a number must be", change(5, 6, "good"), /data\.csv line 6.*rating/],
    ["NaN", change(5, 6, "NaN"), /data\.csv line 6.*rating/],
    [
      "a cut last line",
      smallData()
        .trimEnd()
        .replace(/,\d+,\d+$/, ""),
      /data\.csv.* line 501/,
    ],
  ])("%s in the data ends with exit code 3 and one message", async (name, data, message) => {
    const { code, err, out: text } = await withData(name.replaceAll(" ", "-"), data);
    expect(code).toBe(3);
    expect(err).toMatch(message);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(text).toBe("");
  });

  it("a label outside 0 and 1, and a broken implication, name the row", async () => {
    const label = await runCommand([
      "train",
      "--config",
      config,
      "--out",
      out("x1"),
      "--quiet",
      "--set",
      "data.labels.top=rating",
    ]);
    expect(label).toMatchObject({ code: 3, err: expect.stringMatching(/data\.csv line 2.*top/) });
    const implied = await runCommand([
      "train",
      "--config",
      config,
      "--out",
      out("x2"),
      "--quiet",
      "--set",
      "data.implies={ good: top }",
    ]);
    expect(implied).toMatchObject({ code: 3, err: expect.stringMatching(/"top" must be 1 where "good" is 1/) });
  });

  it("an unknown column or function in a label ends with exit code 2", async () => {
    const column = await runCommand([
      "train",
      "--config",
      config,
      "--out",
      out("x3"),
      "--quiet",
      "--set",
      "data.labels.top=ratng == 5",
    ]);
    expect(column).toMatchObject({ code: 2, err: expect.stringContaining("rating") });
    const call = await runCommand([
      "train",
      "--config",
      config,
      "--out",
      out("x4"),
      "--quiet",
      "--set",
      "data.labels.top=import(rating)",
    ]);
    expect(call).toMatchObject({ code: 2, err: expect.stringContaining("import") });
  });

  it("a test part of one class gives null for AUC, and says undefined", async () => {
    const data = [
      lines[0]!,
      ...lines.slice(1).map((line) => (line.split(",")[5] === "9" ? line.replace(/\d$/, "5") : line)),
    ].join("\n");
    const path = writeSmallRun(out("one-class"), { data });
    const {
      code,
      out: text,
      err,
    } = await runCommand(["train", "--config", path, "--out", join(out("one-class"), "run"), "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(text.trim().split("\n").at(-1)!).rows[1]["ctr/auc"]).toBeNull();
    expect(err).toContain("ctr/auc undefined");
  });

  it("ids never seen in training are counted and said", async () => {
    const data = `${smallData()}newcomer,1,3,t0,1,9,5\n`;
    const path = writeSmallRun(out("newcomer"), { data });
    const { code, err } = await runCommand(["train", "--config", path, "--out", join(out("newcomer"), "run")]);
    expect(code).toBe(0);
    expect(err).toMatch(/test.*1 value.*user.*not in training/);
  });

  it("a broken configuration touches no run", async () => {
    const wrong = join(folder, "wrong.yaml");
    writeFileSync(wrong, "extends: run.yaml\nstudnet: {}\n");
    const { code, err } = await runCommand(["train", "--config", wrong, "--out", out("untouched")]);
    expect(code).toBe(2);
    expect(err).toContain('unknown key "studnet"; did you mean "student"?');
    expect(existsSync(out("untouched"))).toBe(false);
  });

  it("a device that cannot be had is an error with its reason", async () => {
    const { code, err } = await runCommand(["train", "--config", config, "--out", out("gpu"), "--device", "gpu"]);
    if (code === 0) return; // a machine with a GPU
    expect(code).toBe(2);
    expect(err).toMatch(/device/);
  });
});
