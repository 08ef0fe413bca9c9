import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../../src/run/formats/safetensors-read.ts";
import { type TensorSource, writeSafetensors } from "../../../src/run/formats/safetensors-write.ts";
import { offendingKey } from "../../../src/run/formats/unique-keys.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const path = join(temporaryFolder(), "x.safetensors");
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
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
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
