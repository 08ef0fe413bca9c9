// How long the machine takes for the step's matrix products alone: the floor that a step is measured against.
import * as tf from "@tensorflow/tfjs";
import type { EntryProfile, ProfiledOp } from "../../src/engine/profile.ts";
import type { NativeRuntime } from "../../src/runtime/native-types.ts";
import { median } from "../statistics.ts";

/** A product of the step, and how often it occurs. */
export interface Product {
  readonly op: string;
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** transpose_a, transpose_b, or adj_x, adj_y for batched products. */
  readonly flags: readonly string[];
  readonly count: number;
  readonly gigaflop: number;
}

/** The distinct matrix products of a profiled entry. */
export function productsOf({ ops }: EntryProfile): readonly Product[] {
  const found = new Map<string, Product>();
  for (const op of ops) {
    if (op.op !== "MatMul" && op.op !== "BatchMatMulV2") continue;
    const key = JSON.stringify([op.op, op.shapes, op.flags]);
    const known = found.get(key);
    found.set(key, known ? { ...known, count: known.count + 1 } : product(op));
  }
  return [...found.values()];
}

function product({ op, shapes, flags }: ProfiledOp): Product {
  const [a, b] = shapes as [number[], number[]];
  const [m, k] = flags.some((flag) => /^(transpose_a|adj_x)$/.test(flag))
    ? [a.at(-1)!, a.at(-2)!]
    : [a.at(-2)!, a.at(-1)!];
  const n = flags.some((flag) => /^(transpose_b|adj_y)$/.test(flag)) ? b.at(-2)! : b.at(-1)!;
  const stack = a.slice(0, -2).reduce((product, size) => product * size, 1);
  return { op, a, b, flags, count: 1, gigaflop: (2 * stack * m * k * n) / 1e9 };
}

/** Milliseconds of all products of the step, each timed at its own shape by the same library, one after the other. */
export function timeProducts(native: NativeRuntime, products: readonly Product[]): number {
  return products.reduce((sum, product) => sum + product.count * timeProduct(native, product), 0);
}

/** Gigaflop a second of the library's best case here, a square product of 1024. */
export function matmulPeak(native: NativeRuntime): number {
  const square = { op: "MatMul", a: [1024, 1024], b: [1024, 1024], flags: [], count: 1, gigaflop: 2 * 1.024 ** 3 };
  return (square.gigaflop / timeProduct(native, square)) * 1e3;
}

const REPEATS = 9;

function timeProduct({ backend, binding }: NativeRuntime, { op, a, b, flags }: Product): number {
  const [x, y] = [tf.randomNormal([...a]), tf.randomNormal([...b])];
  const inputs = backend.getInputTensorIds([x, y]);
  const names = op === "MatMul" ? ["transpose_a", "transpose_b"] : ["adj_x", "adj_y"];
  const attributes = [
    { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    ...names.map((name) => ({ name, type: binding.TF_ATTR_BOOL, value: flags.includes(name) })),
  ];
  const once = (): number => {
    const start = performance.now();
    const [output] = binding.executeOp(op, attributes, inputs, 1);
    const milliseconds = performance.now() - start;
    binding.deleteTensor(output!.id);
    return milliseconds;
  };
  once();
  const times = Array.from({ length: REPEATS }, once);
  tf.dispose([x, y]);
  return median(times);
}
