import * as tf from "@tensorflow/tfjs";
import { glorotUniform, zeros } from "../engine/initialisers.ts";
import type { DenseParameter, Values } from "../engine/parameters.ts";

/** Where new parameters belong: their name prefix, optimiser group and seed. */
export interface ParameterScope {
  readonly name: string;
  readonly group: string;
  readonly seed: number;
}

/** The scope of a part: `teacher` + `experts` gives `teacher/experts`. */
export function subscope(scope: ParameterScope, part: string): ParameterScope {
  return { ...scope, name: `${scope.name}/${part}` };
}

/** An affine layer: kernel [inputs, outputs], bias [outputs]. */
export interface DenseLayer {
  readonly kernel: DenseParameter;
  readonly bias: DenseParameter;
  readonly [name: string]: DenseParameter;
}

/** Kernel by Glorot's uniform, bias zero. */
export function denseLayer(scope: ParameterScope, inputs: number, outputs: number): DenseLayer {
  const { name, group, seed } = scope;
  return {
    kernel: {
      kind: "dense",
      name: `${name}/kernel`,
      shape: [inputs, outputs],
      initialiser: glorotUniform(inputs, outputs, seed),
      group,
    },
    bias: { kind: "dense", name: `${name}/bias`, shape: [outputs], initialiser: zeros, group },
  };
}

/** x W + b. @param x - [B, inputs]. @returns [B, outputs]. */
export function applyDense({ kernel, bias }: Values<DenseLayer>, x: tf.Tensor): tf.Tensor {
  return tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias!);
}
