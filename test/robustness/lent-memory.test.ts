// The addon lends the memory of some arrays to TensorFlow. A variable that keeps such memory gives it back from one of
// TensorFlow's threads, which ends the process once in some thousand updates: variables must have memory of their own.
import { beforeAll, expect, it } from "vitest";
import type { Binding, BindingValues, NativeEngine } from "../../src/engine/native.ts";
import { createProgram } from "../../src/engine/program.ts";
import { jointBatch, jointModel } from "../engine/fixtures/joint-model.ts";
import { nativeEngine } from "../engine/fixtures/native.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

/** Runs `body` and gives every array that it handed to the addon. */
function fedArrays(body: () => void): readonly BindingValues[] {
  const { backend } = native;
  const real = backend.binding;
  const fed: BindingValues[] = [];
  const names = Object.getOwnPropertyNames(real) as (keyof Binding)[];
  const members = names.map((name) => {
    const member = real[name];
    return [name, typeof member === "function" ? member.bind(real) : member];
  });
  backend.binding = {
    ...Object.fromEntries(members),
    createTensor(shape: readonly number[], dtype: number, values: BindingValues): number {
      fed.push(values);
      return real.createTensor(shape, dtype, values);
    },
  };
  try {
    body();
  } finally {
    backend.binding = real;
  }
  return fed;
}

it("variables keep no memory of JavaScript, given first values or written ones", () => {
  const { parameters, entries } = jointModel();
  const program = createProgram(parameters, entries, { native });
  const values = () => program.variables.map(({ name }) => program.read(name).slice());
  const fed = fedArrays(() => {
    program.forward("score", jointBatch(1, 16));
    for (const { name } of program.variables) program.write(name, program.read(name));
    program.forward("score", jointBatch(1, 16));
  });
  const before = values();
  expect(fed.length).toBeGreaterThan(before.length); // about one array in four lies where memory would be lent
  for (const array of fed) array.fill(777);
  program.forward("score", jointBatch(1, 16)); // what was read before is forgotten
  expect(values()).toEqual(before);
  program.close();
});
