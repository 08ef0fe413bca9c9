import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DTYPES, type Dtype, newArray } from "../../../src/run/formats/safetensors-dtypes.ts";
import { openSafetensors, readSafetensors } from "../../../src/run/formats/safetensors-read.ts";
import { type TensorSource, writeSafetensors } from "../../../src/run/formats/safetensors-write.ts";
import { offendingKey } from "../../../src/run/formats/unique-keys.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const path = join(folder, "x.safetensors");
const f32 = (...numbers: number[]): TensorSource => ({
  dtype: "F32",
  shape: [numbers.length],
  data: Float32Array.of(...numbers),
});

/** A file with this header and this many bytes of data. */
function forge(header: unknown, dataBytes: number): void {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header), "utf8");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
}

async function refusal(): Promise<string> {
  return readSafetensors(path).then(
    () => "read",
    (error: Error) => `${error.name}: ${error.message}`.replaceAll(path, "FILE"),
  );
}

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

describe("reading what nobody should trust", () => {
  it("refuses each broken header with file and tensor", async () => {
    const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
    const second = { dtype: "F32", shape: [1], data_offsets: [8, 12] };
    const cases: [unknown, number][] = [
      ["{", 0],
      [" {}", 0],
      ["[]", 0],
      ["null", 0],
      [{ a: 1 }, 0],
      [{ a: null }, 0],
      [{ a: { ...entry, dtype: "F31" } }, 8],
      [{ a: { ...entry, dtype: "toString" } }, 8],
      [{ a: { ...entry, shape: "2" } }, 8],
      [{ a: { ...entry, shape: [-2] } }, 8],
      [{ a: { ...entry, shape: [2 ** 40, 2 ** 40] } }, 8],
      [{ a: { ...entry, shape: [3] } }, 8],
      [{ a: { ...entry, data_offsets: [0] } }, 8],
      [{ a: { ...entry, data_offsets: [8, 0] } }, 8],
      [{ a: { ...entry, data_offsets: [0, 1e300] } }, 8],
      [{ a: { ...entry, data_offsets: [-8, 0] } }, 8],
      [{ a: entry }, 7],
      [{ a: entry }, 9],
      [{ a: entry, b: { ...second, data_offsets: [4, 8] } }, 8],
      [{ a: entry, b: { ...second, data_offsets: [12, 16] } }, 16],
      [`{"a":${JSON.stringify(entry)},"a":${JSON.stringify(entry)}}`, 8],
      [`{"a":${JSON.stringify(entry)},"\\u0061":${JSON.stringify(entry)}}`, 8],
      ['{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8],
      ['{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8],
      ['{"__metadata__":{"__proto__":"x"}}', 0],
      [{ __metadata__: { a: 1 } }, 0],
      [{ __metadata__: [] }, 0],
      ["[".repeat(100_000), 0],
    ];
    const messages: string[] = [];
    for (const [header, dataBytes] of cases) {
      forge(header, dataBytes);
      messages.push((await refusal()).slice(0, 170));
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "DataError: FILE: header must be JSON, got {",
        "DataError: FILE: header must be a JSON object, got  {}",
        "DataError: FILE: header must be a JSON object, got []",
        "DataError: FILE: header must be a JSON object, got null",
        "DataError: FILE: tensor a must be an object, got number",
        "DataError: FILE: tensor a must be an object, got object",
        "DataError: FILE: tensor a must have a known dtype, got F31",
        "DataError: FILE: tensor a must have a known dtype, got toString",
        "DataError: FILE: tensor a must have a list as its shape, got 2",
        "DataError: FILE: tensor a: shape must be whole numbers >= 0 with a product below 2^53, got [-2]",
        "DataError: FILE: tensor a: shape must be whole numbers >= 0 with a product below 2^53, got [1099511627776, 1099511627776]",
        "DataError: FILE: tensor a must take 12 bytes as F32 [3], got 0 to 8",
        "DataError: FILE: tensor a must have data_offsets [begin, end], got [0]",
        "DataError: FILE: tensor a must have data_offsets [begin, end], got [8,0]",
        "DataError: FILE: tensor a must have data_offsets [begin, end], got [0,1e+300]",
        "DataError: FILE: tensor a must have data_offsets [begin, end], got [-8,0]",
        "DataError: FILE: tensors must cover the 7 bytes of data, got 8; the file is cut or has a rest",
        "DataError: FILE: tensors must cover the 9 bytes of data, got 8; the file is cut or has a rest",
        "DataError: FILE: tensor b must begin at byte 8, where the one before ends, got 4",
        "DataError: FILE: tensor b must begin at byte 8, where the one before ends, got 12",
        "DataError: FILE: header must hold each key once and no __proto__, got a",
        "DataError: FILE: header must hold each key once and no __proto__, got a",
        "DataError: FILE: header must hold each key once and no __proto__, got dtype",
        "DataError: FILE: header must hold each key once and no __proto__, got __proto__",
        "DataError: FILE: header must hold each key once and no __proto__, got __proto__",
        "DataError: FILE: __metadata__.a must be a text, got number",
        "DataError: FILE: __metadata__ must map names to texts, got object",
        "DataError: FILE: header must be JSON, got [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
      ]
    `);
    expect(({} as Record<string, unknown>)["dtype"]).toBeUndefined();
  });

  it("refuses impossible header lengths before it allocates anything", async () => {
    const messages: string[] = [];
    for (const length of [2n ** 64n - 1n, 2n ** 63n, 100_000_001n, 3n]) {
      const bytes = Buffer.alloc(10);
      bytes.writeBigUInt64LE(length);
      writeFileSync(path, bytes);
      messages.push(await refusal());
    }
    for (const bytes of [0, 7]) {
      writeFileSync(path, Buffer.alloc(bytes));
      messages.push(await refusal());
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "DataError: FILE: header must be at most 2 bytes long, got 18446744073709551615; is the file cut, or of another format?",
        "DataError: FILE: header must be at most 2 bytes long, got 9223372036854775808; is the file cut, or of another format?",
        "DataError: FILE: header must be at most 2 bytes long, got 100000001; is the file cut, or of another format?",
        "DataError: FILE: header must be at most 2 bytes long, got 3; is the file cut, or of another format?",
        "DataError: FILE: file must start with 8 bytes of header length, got 0 bytes",
        "DataError: FILE: file must start with 8 bytes of header length, got 7 bytes",
      ]
    `);
  });

  it("refuses a file cut at any byte", async () => {
    await writeSafetensors(path, { a: f32(1, 2), b: { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) } });
    const whole = readFileSync(path);
    for (let bytes = 0; bytes < whole.length; bytes++) {
      writeFileSync(path, whole.subarray(0, bytes));
      expect(await refusal()).toMatch(/^DataError: FILE: /);
    }
  });

  it("reads or refuses a file with any byte changed, and never ends in any other way", async () => {
    await writeSafetensors(path, { a: f32(1, 2), b: f32(3) }, { metadata: { k: "v" } });
    const whole = readFileSync(path);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([place, flip]) => {
        const bytes = Buffer.from(whole);
        bytes[place]! ^= flip;
        writeFileSync(path, bytes);
        expect(await refusal()).toMatch(/^(read$|DataError: FILE: )/);
      }),
      { numRuns: 400 },
    );
  });

  it("takes a header padded with spaces and no tensors", async () => {
    forge("{}      ", 0);
    expect(await readSafetensors(path)).toEqual({ metadata: {}, tensors: new Map() });
  });
});

describe("offendingKey", () => {
  it("finds a key twice in one object only, through escapes and strings that look like keys", () => {
    expect(offendingKey('{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}')).toBeUndefined();
    expect(offendingKey('{"a":"b","b" : "a","x":["a","a"]}')).toBeUndefined();
    expect(offendingKey('{"a\\"b":1,"a\\u0022b":2}')).toBe('a"b');
    expect(offendingKey('{"x":{"\\\\":1,"\\\\" :2}}')).toBe("\\");
    expect(offendingKey('{"x":[{"__proto__":1}]}')).toBe("__proto__");
  });
});
