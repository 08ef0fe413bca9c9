import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeFiles } from "../../../src/files/file-layer.ts";
import { crc32c, maskedCrc32c } from "../../../src/run/formats/crc32c.ts";
import { openEventWriter } from "../../../src/run/formats/tensorboard.ts";
import {
  framed,
  scalarsEvent,
  startEvent,
  textEvent,
  versionEvent,
} from "../../../src/run/formats/tensorboard-records.ts";
import { failingFiles } from "../../files/failing-files.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const golden: { records: Record<string, string> } = JSON.parse(
  readFileSync(new URL("../../golden/events.json", import.meta.url), "utf8"),
);
const wallTime = 1700000000.25;
const now = () => wallTime;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("crc32c", () => {
  it("gives the values of RFC 3720, appendix B.4", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(maskedCrc32c(new Uint8Array(0))).toBe(0xa282ead8);
  });
});

describe("events", () => {
  it("are byte for byte those of TensorBoard's own protocol buffers", () => {
    expect(hex(framed(versionEvent(wallTime)))).toBe(golden.records.version);
    expect(hex(framed(startEvent({ wallTime, step: 300 })))).toBe(golden.records.start);
    const scalars = { "loss/total": 0.5, "test/recall@10": -1.25e-7 };
    expect(hex(framed(scalarsEvent({ wallTime, step: 12345678901 }, scalars)))).toBe(golden.records.scalars);
    expect(hex(framed(textEvent({ wallTime, step: 1 }, "config", "# größer\n")))).toBe(golden.records.text);
  });
});

describe("openEventWriter", () => {
  it("writes a file of framed events", async () => {
    const run = join(folder, "run");
    const events = await openEventWriter(run, { now });
    await events.text(1, "config", "# größer\n");
    await events.scalars(12345678901, { "loss/total": 0.5, "test/recall@10": -1.25e-7 });
    await events.sync();
    await events.close();
    const { version, text, scalars } = golden.records;
    expect(readFileSync(events.path).toString("hex")).toBe(`${version}${text}${scalars}`);
    expect(basename(events.path)).toMatch(/^events\.out\.tfevents\.1700000000\./);
  });

  it("a resumed run gets a later file that starts with its step, and leaves the first alone", async () => {
    const run = join(folder, "resumed");
    const first = await openEventWriter(run, { now });
    await first.close();
    const before = readFileSync(first.path);
    const second = await openEventWriter(run, { now: () => wallTime - 100, resumeStep: 300 });
    await second.close();
    expect(readdirSync(run)).toEqual([basename(first.path), basename(second.path)]);
    expect(readFileSync(first.path)).toEqual(before);
    expect(readFileSync(second.path).length).toBe(before.length + golden.records.start!.length / 2);
  });

  it("refuses NaN and names tag and step", async () => {
    const events = await openEventWriter(join(folder, "nan"), { now });
    await expect(events.scalars(7, { "loss/kd": Number.NaN })).rejects.toThrow(
      `${events.path}: loss/kd of step 7 must be finite, got NaN`,
    );
    await events.close();
  });

  it("a death in the middle of an event leaves the ones before it whole", async () => {
    const run = join(folder, "death");
    const { files } = failingFiles(nodeFiles, { at: 7, kind: "dies" });
    const work = async (): Promise<void> => {
      const events = await openEventWriter(run, { now, files });
      for (let step = 0; step < 5; step++) await events.scalars(step, { loss: step });
    };
    await expect(work()).rejects.toThrow("operation 7 dies");
    const bytes = readFileSync(join(run, readdirSync(run)[0]!));
    expect(wholeRecords(bytes).length).toBe(2);
    expect(wholeRecords(bytes)[1]).toBe(hex(scalarsEvent({ wallTime, step: 0 }, { loss: 0 })));
  });
});

/** The events of a file whose length and checksums are right, up to the first that is cut. */
function wholeRecords(bytes: Buffer): string[] {
  const events: string[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    if (at + 16 + length > bytes.length) break;
    const event = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(event));
    events.push(hex(event));
    at += 16 + length;
  }
  return events;
}
