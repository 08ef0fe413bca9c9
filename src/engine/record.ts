import { ConfigError } from "../errors.ts";
import { floatBytes, inUnits, SMALLER_BATCH } from "../memory-limit.ts";
import type { Binding, BindingValues, NativeBackend, OpAttribute, TensorMetadata } from "./native.ts";

/** One TensorFlow op that a step executed. */
export interface RecordedOp {
  readonly op: string;
  readonly attributes: readonly OpAttribute[];
  readonly inputs: readonly RecordedInput[];
  readonly outputs: readonly TensorMetadata[];
  /** Where in the user's code it was called. */
  readonly origin: Error;
}

/** A tensor by the addon's id, or a variable by name. */
export type RecordedInput = number | { readonly variable: string };

export interface RecordedConstant {
  readonly shape: readonly number[];
  readonly dtype: number;
  readonly values: BindingValues;
}

/** Everything that a step did between two moments, in order. */
export interface Recording {
  readonly ops: readonly RecordedOp[];
  readonly constants: ReadonlyMap<number, RecordedConstant>;
  /** Most bytes that tensors of the ops had at one time. */
  readonly bytes: number;
}

/** What a recorded function may use to stand for things that tfjs has no op for. */
export interface Recorder {
  /** Adds an op on a variable whose result is `output`, a tensor that already exists with any values. */
  readonly addVariableRead: (
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly RecordedInput[],
    output: TensorMetadata,
  ) => void;
}

/**
 * Runs `body` and records the ops it executes. The addon never gives an id twice, so a freed tensor's stands for it on.
 *
 * @param limit - bytes that the tensors may have at one time.
 * @throws {ConfigError} the step reads a tensor's values back to JavaScript, or its tensors have more than `limit`.
 */
export function record<T>(
  backend: NativeBackend,
  limit: number,
  body: (recorder: Recorder) => T,
): { result: T; recording: Recording } {
  const real = backend.binding;
  const sizes = new Map<number, number>();
  let [bytes, most] = [0, 0];
  const ops: RecordedOp[] = [];
  const constants = new Map<number, RecordedConstant>();
  const recording: Binding = Object.assign(bindMethods(real) as unknown as Binding, {
    executeOp(
      op: string,
      attributes: readonly OpAttribute[],
      inputs: readonly number[],
      count: number,
    ): TensorMetadata[] {
      // Most ops give what is as large as their greatest input: where there is no room for it the system may end the process.
      const expected = inputs.reduce((most, id) => Math.max(most, sizes.get(id) ?? 0), 0);
      if (bytes + expected > limit) throw tooLarge({ bytes: bytes + expected, limit, ops: ops.length + 1 });
      const outputs = real.executeOp(op, attributes, inputs, count);
      ops.push({ op, attributes, inputs: [...inputs], outputs, origin: new Error(op) });
      for (const { id, shape } of outputs) {
        const size = floatBytes(shape); // booleans have less, and are few
        sizes.set(id, size);
        bytes += size;
      }
      most = Math.max(most, bytes);
      if (bytes > limit) {
        for (const { id } of outputs) real.deleteTensor(id); // nobody knows of them yet
        throw tooLarge({ bytes, limit, ops: ops.length });
      }
      return outputs;
    },
    createTensor(shape: readonly number[], dtype: number, values: BindingValues): number {
      const id = real.createTensor(shape, dtype, values);
      constants.set(id, { shape: [...shape], dtype, values });
      return id;
    },
    deleteTensor(id: number): void {
      bytes -= sizes.get(id) ?? 0;
      real.deleteTensor(id);
    },
    tensorDataSync(): never {
      const where = userFrame(new Error());
      throw new ConfigError(
        `capture: a step must stay in tensors, got a value read back to JavaScript${where}; ` +
          "replace dataSync, arraySync and branches on values by tf.where, or pass the value in as an input",
      );
    },
  });
  backend.binding = recording;
  try {
    const result = body({
      addVariableRead: (op, attributes, inputs, output) =>
        ops.push({ op, attributes, inputs, outputs: [output], origin: new Error(op) }),
    });
    return { result, recording: { ops, constants, bytes: most } };
  } finally {
    backend.binding = real;
  }
}

function tooLarge({ bytes, limit, ops }: { readonly bytes: number; readonly limit: number; readonly ops: number }) {
  return new ConfigError(
    `capture: memory must hold the tensors of a step, got ${inUnits(bytes)} at its op ${ops} where ` +
      `${inUnits(limit)} are left; ${SMALLER_BATCH}`,
  );
}

/** The addon's methods called on the addon itself: it checks `this`. */
function bindMethods(real: Binding): Record<string, unknown> {
  const members = real as unknown as Record<string, unknown>;
  return Object.fromEntries(
    Object.getOwnPropertyNames(real).map((name) => {
      const member = members[name];
      return [name, typeof member === "function" ? member.bind(real) : member];
    }),
  );
}

/** ` at file:line` of the first stack frame outside tfjs and this room; empty where there is none. */
export function userFrame(error: Error): string {
  const frames = (error.stack ?? "").split("\n").slice(1);
  const frame = frames.find(
    (line) => !/node_modules|tfjs-core|[\\/](src|dist)[\\/]engine[\\/]|node:internal/.test(line),
  );
  const place = frame?.match(/\(?((?:file:\/\/)?[^()\s]+:\d+):\d+\)?\s*$/)?.[1];
  return place === undefined ? "" : ` at ${place.replace("file://", "")}`;
}
