import { expect, it } from "vitest";
import type { DataEncoding } from "../../src/data/encoding.ts";
import type { PairTable } from "../../src/data/pairs/pair-table.ts";
import type { RunConfig } from "../../src/run/config/run-config.ts";
import { featuresHash } from "../../src/run/score/features-hash.ts";

const config = { data: { columns: {} }, teacher: {} } as unknown as RunConfig;
const encoding = {} as DataEncoding;
const ridge = (inverse: Float32Array): PairTable => ({
  kind: "ridge",
  keys: [],
  inverse,
  oneMinusLeverage: Float32Array.of(1),
  offsets: Int32Array.of(0, 1),
  items: Int32Array.of(1),
  values: Float32Array.of(1),
  transform: { kind: "none" },
});
const hashOf = (inverse: Float32Array): Promise<string> =>
  featuresHash(config, encoding, { model: "teacher", pairs: new Map([["like-others", ridge(inverse)]]) });

it("tells regressions apart that differ in one number", async () => {
  const large = new Float32Array(2 ** 19);
  const other = large.slice();
  other[2 ** 19 - 1] = 0.5;
  expect(await hashOf(large)).toBe(await hashOf(large.slice()));
  expect(await hashOf(other)).not.toBe(await hashOf(large));
});

it("is of the bytes of arrays, not of their text: a regression of thousands of items has none that fits a string", async () => {
  const toJSON = (): never => {
    throw new Error("weights were written as text");
  };
  await expect(hashOf(Object.assign(Float32Array.of(1, 2), { toJSON }))).resolves.toMatch(/^[0-9a-f]{16}$/);
});
