import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeFiles } from "../../../src/files/file-layer.ts";
import { keepJsonLines, openJsonLines, readJsonLines } from "../../../src/run/formats/json-lines.ts";
import { failingFiles } from "../../files/failing-files.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();

describe("JSON lines", () => {
  it("reads back what was appended, over several openings", async () => {
    const path = join(folder, "a.jsonl");
    const records = [
      { step: 1, "loss/total": 0.5 },
      { step: 2, note: 'a "quoted"\nline', metrics: { auc: null } },
    ];
    for (const record of records) {
      const lines = await openJsonLines(path);
      expect(lines.cutLine).toBeUndefined();
      await lines.append(record);
      await lines.sync();
      await lines.close();
    }
    expect(await readJsonLines(path)).toEqual({ records, cutLine: undefined });
    expect(readFileSync(path, "utf8").split("\n").length).toBe(3);
  });

  it("reports a cut last line, at every byte, and takes the whole lines", async () => {
    const path = join(folder, "cut.jsonl");
    const text = '{"step":1}\n{"step":22}\n';
    for (let bytes = 0; bytes <= text.length; bytes++) {
      writeFileSync(path, text.slice(0, bytes));
      const whole = text.slice(0, bytes).lastIndexOf("\n") + 1;
      const { records, cutLine } = await readJsonLines(path);
      expect(records.length).toBe(whole === 0 ? 0 : whole === 11 ? 1 : 2);
      expect(cutLine).toBe(whole === bytes ? undefined : text.slice(whole, bytes));
      const lines = await openJsonLines(path);
      expect(lines.cutLine).toBe(cutLine);
      await lines.append({ step: 3 });
      await lines.close();
      expect((await readJsonLines(path)).records).toEqual([...records, { step: 3 }]);
    }
  });

  it("finds the end of the last line in a file longer than the block it reads", async () => {
    const path = join(folder, "long.jsonl");
    writeFileSync(path, `{"step":1}\n{"long":"${"x".repeat(200_000)}`);
    const lines = await openJsonLines(path);
    expect(lines.cutLine?.length).toBe(200_000 + 9);
    await lines.close();
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n');
  });

  it("a half character at the end of a cut line is no error", async () => {
    const path = join(folder, "half.jsonl");
    writeFileSync(path, Buffer.concat([Buffer.from('{"a":1}\n{"b":"'), Buffer.from("ü").subarray(0, 1)]));
    const lines = await openJsonLines(path);
    expect(lines.cutLine).toBe('{"b":"\ufffd');
    await lines.close();
  });

  it("drops what came after a checkpoint, atomically", async () => {
    const path = join(folder, "keep.jsonl");
    writeFileSync(path, '{"step":1}\n{"step":2}\n{"step":3}\n{"st');
    const dropped = await keepJsonLines(path, ({ step }) => typeof step === "number" && step <= 2);
    expect(dropped).toBe(1);
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":2}\n');
  });

  it("after a death at any operation, whole lines and at most one cut one are left", async () => {
    for (let at = 1; at <= 8; at++) {
      const path = join(folder, `death-${at}.jsonl`);
      writeFileSync(path, '{"step":0}\n');
      const { files } = failingFiles(nodeFiles, { at, kind: "dies" });
      const work = async (): Promise<void> => {
        const lines = await openJsonLines(path, { files });
        for (let step = 1; step <= 3; step++) await lines.append({ step }).finally(() => lines.sync());
      };
      await work().catch(() => {});
      const { records } = await readJsonLines(path);
      expect(records).toEqual(Array.from({ length: records.length }, (_, step) => ({ step })));
      expect(records.length).toBeGreaterThanOrEqual(1);
    }
  });

  it("refuses numbers that JSON cannot hold and lines that are no objects", async () => {
    const path = join(folder, "bad.jsonl");
    const lines = await openJsonLines(path);
    await expect(lines.append({ "loss/total": Number.NaN })).rejects.toThrow(
      `${path}: loss/total must be finite or null, got NaN`,
    );
    await expect(lines.append({ deep: [{ x: Number.POSITIVE_INFINITY }] })).rejects.toThrow("x must be finite or null");
    await lines.append({ fine: 1 });
    await lines.close();
    appendFileSync(path, '{"a": 1\n');
    await expect(readJsonLines(path)).rejects.toThrow(`${path}:2: line must be a JSON object, got {"a": 1`);
    for (const line of ["[1]", "null", "3", ""]) {
      writeFileSync(path, `${line}\n`);
      await expect(readJsonLines(path)).rejects.toThrow(`${path}:1: line must be a JSON object, got ${line}`);
    }
    writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d, 0x0a]));
    await expect(readJsonLines(path)).rejects.toThrow(`${path}: file must be UTF-8 text, got other bytes`);
    await expect(readJsonLines(join(folder, "none"))).rejects.toThrow("none: file must be there to read, got ENOENT");
  });
});
