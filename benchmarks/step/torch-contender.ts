import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Contender, Turn } from "../contender.ts";

export type TorchVariant = "sparse" | "dense" | "compile-sparse" | "compile-dense";

export interface TorchSpec {
  readonly model: "joint" | "dssm";
  readonly variant: TorchVariant;
  readonly batch: number;
  readonly rows: number;
  readonly threads: number;
}

export interface TorchContender extends Contender {
  readonly version: string;
}

const WARMUP_STEPS = 6;

/** The step in a Python process of its own that waits between its turns. */
export async function torchContender(python: string, spec: TorchSpec): Promise<TorchContender> {
  const child = spawn(python, ["-W", "ignore", join(import.meta.dirname, "torch_step.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (message: unknown): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`PyTorch ${spec.variant} stopped; its message is above`);
    return JSON.parse(value) as Record<string, unknown>;
  };
  const { version } = await ask({ ...spec, warmup: WARMUP_STEPS });
  return {
    name: `PyTorch ${spec.variant}`,
    version: version as string,
    turn: async (steps) => (await ask({ steps })) as unknown as Turn,
    close: () => child.kill(),
  };
}
