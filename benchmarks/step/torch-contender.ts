import { join } from "node:path";
import { type PythonContender, pythonContender } from "../python-contender.ts";

export type TorchVariant = "sparse" | "dense" | "compile-sparse" | "compile-dense";

export interface TorchSpec {
  readonly model: "joint" | "dssm";
  readonly variant: TorchVariant;
  readonly batch: number;
  readonly rows: number;
  readonly threads: number;
}

const WARMUP_STEPS = 6;

/** The step in PyTorch. */
export function torchContender(python: string, spec: TorchSpec): Promise<PythonContender> {
  return pythonContender(python, {
    name: `PyTorch ${spec.variant}`,
    script: join(import.meta.dirname, "torch_step.py"),
    spec: { ...spec, warmup: WARMUP_STEPS },
  });
}
