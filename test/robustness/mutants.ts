// Files as an enemy writes them: a whole one with some of its bytes, words or values changed.
import fc from "fast-check";

/** One change of a file's bytes. Places are counted around the file's end. */
export type Change =
  | { readonly kind: "flip"; readonly at: number; readonly mask: number }
  | { readonly kind: "word"; readonly at: number; readonly value: bigint }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "drop"; readonly at: number; readonly length: number }
  | { readonly kind: "repeat"; readonly at: number; readonly length: number; readonly count: number };

/** Lengths and offsets that nobody writes: signs, wraps, and what asks for all memory. */
const WORDS: readonly bigint[] = [0n, 1n, 0x7fffffffn, 0xffffffffn, 2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

const place = fc.nat(2 ** 31 - 1);
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("flip" as const), at: place, mask: fc.integer({ min: 1, max: 255 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("word" as const), at: place, value: fc.constantFrom(...WORDS) }),
  },
  fc.record({ kind: fc.constant("cut" as const), at: place }),
  fc.record({ kind: fc.constant("drop" as const), at: place, length: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constant("repeat" as const),
    at: place,
    length: fc.integer({ min: 1, max: 16 }),
    count: fc.integer({ min: 1, max: 200 }),
  }),
);

/** One to four changes. */
export const changes: fc.Arbitrary<readonly Change[]> = fc.array(change, { minLength: 1, maxLength: 4 });

/** The bytes with the changes made one after the other. */
export function mutate(whole: Uint8Array, list: readonly Change[]): Uint8Array {
  return list.reduce((bytes, one) => (bytes.length === 0 ? bytes : changed(bytes, one)), Uint8Array.from(whole));
}

function changed(bytes: Uint8Array, one: Change): Uint8Array<ArrayBuffer> {
  const at = one.at % bytes.length;
  const result = Uint8Array.from(bytes);
  switch (one.kind) {
    case "flip":
      result[at]! ^= one.mask;
      return result;
    case "word": {
      const word = new Uint8Array(BigUint64Array.of(one.value).buffer);
      result.set(word.subarray(0, Math.min(8, bytes.length - at)), at);
      return result;
    }
    case "cut":
      return result.slice(0, at);
    case "drop":
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + one.length)]);
    case "repeat": {
      const piece = [...bytes.subarray(at, at + one.length)];
      const pieces = Array.from({ length: one.count }, () => piece).flat();
      return Uint8Array.from([...bytes.subarray(0, at), ...pieces, ...bytes.subarray(at)]);
    }
  }
}

/** Values that no writer puts where another kind of value belongs. */
const ODD: readonly unknown[] = [
  null,
  -1,
  1e308,
  2 ** 53,
  0.5,
  "",
  "../../x",
  "/etc/passwd",
  "__proto__",
  [],
  {},
  true,
  [[[[[]]]]],
];

/** A JSON text with some values replaced, keys removed, and keys like __proto__ put in. */
export function mutatedJson(text: string): fc.Arbitrary<string> {
  const step = fc.record({
    seed: place,
    odd: fc.constantFrom(...ODD),
    what: fc.constantFrom("replace", "remove", "proto"),
  });
  return fc.array(step, { minLength: 1, maxLength: 3 }).map((steps) => {
    const root = { root: JSON.parse(text) as unknown };
    for (const { seed, odd, what } of steps) {
      const places = containers(root);
      const { holder, key } = places[seed % places.length] ?? { holder: root as Record<string, unknown>, key: "root" };
      if (what === "replace") define(holder, key, structuredClone(odd));
      else if (what === "remove") delete holder[key];
      else define(holder, "__proto__", { polluted: true });
    }
    return JSON.stringify(root.root) ?? "";
  });
}

/** Sets a key of the value itself, also the one called __proto__. */
function define(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Every place of a value within a JSON value. */
function containers(holder: object): Place[] {
  return Object.entries(holder).flatMap(([key, value]) => [
    { holder: holder as Record<string, unknown>, key },
    ...(typeof value === "object" && value !== null ? containers(value) : []),
  ]);
}
