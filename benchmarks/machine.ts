import { cpus, totalmem } from "node:os";

/** The machine in words: no name, no path. */
export function machineInWords(): string {
  const [first] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${first?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, ${gigabytes} GB`;
}

/** For file names: `amd-epyc-2-cores`. */
export function machineSlug(): string {
  const name = (cpus()[0]?.model ?? "unknown").toLowerCase().replace(/\(.*?\)|processor|cpu|@.*/g, "");
  return `${name.trim().replace(/[^a-z0-9]+/g, "-")}-${cpus().length}-cores`;
}

/** Milliseconds that all processors together have been busy since the machine started. */
export function busyMilliseconds(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
}
