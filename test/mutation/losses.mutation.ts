// npm run test:mutation: changes each loss in small ways, and shows that the tests of the losses notice.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Collected, collected } from "./collect.ts";
import { isEquivalent } from "./equivalent.ts";
import type { Mutant, Mutation } from "./instrument.ts";
import "../distill/golden.test.ts";
import "../distill/head-fusion.test.ts";
import "../distill/identities.test.ts";
import "../distill/in-batch.test.ts";
import "../distill/latent.test.ts";
import "../distill/lists.test.ts";
import "../distill/loss-options.test.ts";
import "../distill/pairs.test.ts";
import "../distill/pointwise.test.ts";
import "../distill/sorting.test.ts";

type Call = (...values: readonly unknown[]) => unknown;

interface Switches {
  listOfMutants: Readonly<Record<string, Mutant>>;
  mutated: (numbered: readonly (readonly [number, Mutation])[], call: Call, values: readonly unknown[]) => unknown;
}

const switches = globalThis as unknown as Switches;
let on = -1;
let reached = new Set<number>();

switches.mutated = (numbered, call, values) => {
  for (const [number] of numbered) reached.add(number);
  const mutation = numbered.find(([number]) => number === on)?.[1];
  return mutation === undefined ? call(...values) : changed(mutation, call, values);
};

function changed(mutation: Mutation, call: Call, values: readonly unknown[]): unknown {
  const [first, second, ...rest] = values;
  switch (mutation) {
    case "first":
      return first;
    case "swap":
      return call(second, first, ...rest);
    case "difference":
      return tf.sub(first as tf.Tensor, second as tf.Tensor);
    case "product":
      return tf.mul(first as tf.Tensor, second as tf.Tensor);
    case "ones":
      return tf.onesLike(call(...values) as tf.Tensor);
    case "other scaling":
      return call(first, second, !rest[0]);
    case "no mask": {
      const options = values.findIndex((value) => typeof value === "object" && value !== null && "mask" in value);
      if (options >= 0) return call(...values.with(options, { ...(values[options] as object), mask: undefined }));
      return call(first, undefined, ...rest);
    }
  }
}

/** Whether a test fails. */
async function fails({ run }: Collected): Promise<boolean> {
  tf.engine().startScope();
  try {
    await run();
    return false;
  } catch {
    return true;
  } finally {
    tf.engine().endScope();
  }
}

it("the tests of the losses notice what is changed in them", async () => {
  expect(await tf.setBackend("cpu")).toBe(true);
  fc.configureGlobal({ endOnFailure: true });
  const testsOf = new Map<number, Collected[]>();
  for (const test of collected) {
    reached = new Set();
    expect(await fails(test), `${test.name} fails on the source itself`).toBe(false);
    for (const number of reached) testsOf.set(number, [...(testsOf.get(number) ?? []), test]);
  }
  const alive: Mutant[] = [];
  const all = Object.entries(switches.listOfMutants);
  const counted = all.filter(([, mutant]) => !isEquivalent(mutant));
  for (const [key, mutant] of counted) {
    on = Number(key);
    let killed = false;
    for (const test of testsOf.get(on) ?? []) {
      killed = await fails(test);
      if (killed) break;
    }
    if (!killed) alive.push(mutant);
  }
  on = -1;
  const rate = 1 - alive.length / counted.length;
  for (const { file, line, text, mutation } of alive) console.log(`alive: ${file}:${line} (${mutation}) ${text}`);
  console.log(
    `${counted.length - alive.length} of ${counted.length} mutants killed, ${(100 * rate).toFixed(1)} %; ${all.length - counted.length} equivalent ones left out; ${collected.length} tests`,
  );
  expect(rate).toBeGreaterThanOrEqual(0.95);
});
