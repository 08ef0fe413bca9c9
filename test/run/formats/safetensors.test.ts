import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DTYPES, type Dtype, newArray } from "../../../src/run/formats/safetensors-dtypes.ts";
import { openSafetensors, readSafetensors } from "../../../src/run/formats/safetensors-read.ts";
import { type TensorSource, writeSafetensors } from "../../../src/run/formats/safetensors-write.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const path = join(folder, "x.safetensors");
const f32 = (...numbers: number[]): TensorSource => ({
  dtype: "F32",
  shape: [numbers.length],
  data: Float32Array.of(...numbers),
});

describe("a file that Python wrote", () => {
  it("reads with every dtype, shape and text", async () => {
    const { metadata, tensors } = await readSafetensors(join(import.meta.dirname, "../../golden/python.safetensors"));
    expect(metadata).toEqual({ format_version: "1", note: "größer" });
    expect(Object.fromEntries(tensors)).toEqual({
      "teacher/kernel": Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25),
      "student/bias": Float64Array.of(-1.5, 2.5e300),
      steps: Int32Array.of(7),
      ids: BigInt64Array.of(-(2n ** 40n), 2n ** 40n),
      mask: Uint8Array.of(1, 0, 1),
      bytes: Uint8Array.of(1, 2, 255),
      empty: new Float32Array(0),
      "Umlaut ü": Uint8Array.of(3),
    });
  });

  it("knows shapes and reads ranges", async () => {
    const file = await openSafetensors(join(import.meta.dirname, "../../golden/python.safetensors"));
    expect(file.tensors.get("teacher/kernel")).toMatchObject({ dtype: "F32", shape: [2, 3] });
    expect(file.tensors.get("steps")).toMatchObject({ dtype: "I32", shape: [] });
    expect(file.tensors.get("empty")).toMatchObject({ shape: [0, 4] });
    expect(await file.readRange("teacher/kernel", 2, 4)).toEqual(Float32Array.of(0.5, 0.75));
    expect(await file.readRange("teacher/kernel", 6, 6)).toEqual(new Float32Array(0));
    await expect(file.readRange("teacher/kernel", 5, 7)).rejects.toThrow(
      "range of tensor teacher/kernel must lie in 0 to 6, got 5 to 7",
    );
    await expect(file.read("none")).rejects.toThrow(/tensor must be one of .*teacher\/kernel.*, got none/);
    await file.close();
  });
});

describe("writing", () => {
  it("reads back what it wrote, whatever the dtypes, shapes and names", async () => {
    const tensor = fc.record({
      dtype: fc.constantFrom(...(Object.keys(DTYPES) as Dtype[])),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
      seed: fc.nat(250),
    });
    const name = fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }).filter((text) => text !== "__proto__");
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, tensor, { maxKeys: 6 }), async (specs) => {
        const sources = new Map(
          Object.entries(specs).map(([name, { dtype, shape, seed }]) => {
            const data = newArray(
              dtype,
              shape.reduce((product, size) => product * size, 1),
            );
            const bytes = new Uint8Array(data.buffer);
            for (const i of bytes.keys()) bytes[i] = (i + seed) % 251;
            return [name, { dtype, shape, data }] as const;
          }),
        );
        await writeSafetensors(path, sources, { metadata: { a: "1" } });
        const file = await openSafetensors(path);
        expect([...file.tensors.keys()].sort()).toEqual([...sources.keys()].sort());
        for (const [name, { dtype, shape, data }] of sources) {
          expect(file.tensors.get(name)).toMatchObject({ dtype, shape });
          expect(Buffer.from((await file.read(name)).buffer)).toEqual(Buffer.from(data.buffer));
        }
        await file.close();
      }),
      { numRuns: 60 },
    );
  });

  it("takes a tensor in pieces, also from an async source, and views of larger arrays", async () => {
    const table = Float32Array.from({ length: 10 }, (_, i) => i);
    async function* pieces() {
      yield table.subarray(2, 5);
      yield table.subarray(5, 5);
      yield table.subarray(5, 8);
    }
    await writeSafetensors(path, {
      a: { dtype: "F32", shape: [3, 2], data: pieces() },
      b: { dtype: "F32", shape: [2], data: [table.subarray(0, 1), table.subarray(9)] },
    });
    const { tensors } = await readSafetensors(path);
    expect(tensors.get("a")).toEqual(table.slice(2, 8));
    expect(tensors.get("b")).toEqual(Float32Array.of(0, 9));
  });

  it("gives the same bytes for the same tensors in any order, each aligned to its size", async () => {
    const tensors: Record<string, TensorSource> = {
      small: { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) },
      b: f32(1, 2, 3),
      a: f32(4),
      wide: { dtype: "F64", shape: [], data: Float64Array.of(5) },
    };
    await writeSafetensors(path, tensors);
    const first = readFileSync(path);
    await writeSafetensors(path, Object.fromEntries(Object.entries(tensors).reverse()));
    expect(readFileSync(path)).toEqual(first);
    const file = await openSafetensors(path);
    expect([...file.tensors].map(([name, { begin }]) => [name, begin])).toEqual([
      ["wide", 0],
      ["a", 8],
      ["b", 12],
      ["small", 24],
    ]);
    await file.close();
    expect((8 + first.readUInt32LE(0)) % 8).toBe(0);
  });

  it("refuses what does not fit, and leaves the old file", async () => {
    await writeSafetensors(path, { a: f32(1) });
    const wrong: Record<string, TensorSource> = {
      "too few": { dtype: "F32", shape: [2], data: Float32Array.of(1) },
      "too many": { dtype: "F32", shape: [2], data: [Float32Array.of(1, 2), Float32Array.of(3)] },
      "other array": { dtype: "F32", shape: [1], data: Int32Array.of(1) },
      "bad shape": { dtype: "F32", shape: [1.5], data: Float32Array.of(1) },
      __metadata__: f32(1),
    };
    const messages: string[] = [];
    for (const [name, source] of Object.entries(wrong)) {
      await writeSafetensors(path, { [name]: source }).catch((error: Error) =>
        messages.push(error.message.replace(path, "FILE")),
      );
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "FILE: tensor too few must have 2 elements as [2], got 1",
        "FILE: tensor too many must have 2 elements as [2], got 3 or more",
        "FILE: tensor other array must be given as Float32Array for F32, got Int32Array",
        "FILE: tensor bad shape: shape must be whole numbers >= 0 with a product below 2^53, got [1.5]",
        "FILE: tensor name must not be "__metadata__", "__proto__" or empty, got "__metadata__"",
      ]
    `);
    expect((await readSafetensors(path)).tensors.get("a")).toEqual(Float32Array.of(1));
  });
});
