import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../errors.ts";

/** Softens logits: they are divided by it. > 0; a scalar tensor where it follows a schedule. */
export type Temperature = number | tf.Scalar;

/** Options of every loss that compares softened logits. */
export interface TemperatureOptions {
  /** Divides student and teacher logits; > 0. Default 1. */
  readonly temperature?: Temperature;
  /** Multiplies the loss by temperature^2, so that its gradient keeps its size. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
}

/** @throws {ConfigError} a number that is not positive and finite. The values of tensors are the caller's. */
export function assertTemperature(where: string, temperature: Temperature): void {
  if (typeof temperature === "number" && !(temperature > 0 && temperature < Number.POSITIVE_INFINITY))
    throw new ConfigError(`${where}: temperature must be a finite number > 0, got ${temperature}`);
}

/** logits / temperature. */
export function soften<T extends tf.Tensor>(logits: T, temperature: Temperature): T {
  return temperature === 1 ? logits : tf.div(logits, temperature);
}

/** losses * temperature^2 where `scale` is set. */
export function scaleBySquare<T extends tf.Tensor>(losses: T, temperature: Temperature, scale: boolean): T {
  if (!scale || temperature === 1) return losses;
  return tf.mul(losses, typeof temperature === "number" ? temperature ** 2 : tf.square(temperature));
}
