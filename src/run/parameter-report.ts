import { loadHash } from "../data/fingerprint.ts";
import { type Program, variableChunks } from "../engine/program.ts";

/** Size and content of one model's parameters. */
export interface ParameterReport {
  readonly values: number;
  /** xxHash64 of names, shapes and values: equal for equal weights. */
  readonly fingerprint: string;
}

/** Reports the parameters whose names begin with each model's name. */
export async function reportParameters(
  program: Program,
  models: readonly string[],
): Promise<Readonly<Record<string, ParameterReport>>> {
  const hash = await loadHash();
  const reports = models.map((model) => {
    const state = hash.create64();
    let values = 0;
    for (const variable of program.variables) {
      if (variable.role !== "parameter" || !variable.name.startsWith(`${model}/`)) continue;
      state.update(`${variable.name.slice(model.length)} [${variable.shape}]`);
      for (const chunk of variableChunks(program, variable)) {
        state.update(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        values += chunk.length;
      }
    }
    return [model, { values, fingerprint: state.digest().toString(16).padStart(16, "0") }] as const;
  });
  return Object.fromEntries(reports);
}
