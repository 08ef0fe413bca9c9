import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Contender, Turn } from "./contender.ts";

export interface PythonContender extends Contender {
  /** What the script answered to its first line. */
  readonly hello: Readonly<Record<string, unknown>>;
}

/**
 * A Python process of its own that waits between its turns: its first line is `spec`, then `{"steps": n}` for each turn,
 * both as JSON, and it answers each with one line.
 */
export async function pythonContender(
  python: string,
  { name, script, spec }: { readonly name: string; readonly script: string; readonly spec: object },
): Promise<PythonContender> {
  const child = spawn(python, ["-W", "ignore", script], {
    stdio: ["pipe", "pipe", "inherit"],
    // On a machine that others use too, OpenMP threads that wait must not hold the processors.
    env: { ...(process.env.BENCH_BUSY && { OMP_WAIT_POLICY: "PASSIVE", GOMP_SPINCOUNT: "0" }), ...process.env },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (message: unknown): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} stopped; its message is above`);
    return JSON.parse(value) as Record<string, unknown>;
  };
  const hello = await ask(spec);
  return {
    name,
    hello,
    turn: async (steps) => (await ask({ steps })) as unknown as Turn,
    close: () => child.kill(),
  };
}
