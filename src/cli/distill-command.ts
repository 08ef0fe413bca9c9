import { resolve } from "node:path";
import { ConfigError } from "../errors.ts";
import type { Io } from "./io.ts";
import { type TrainOptions, trainCommand } from "./train-command.ts";

export interface DistillOptions extends TrainOptions {
  readonly scores?: string;
}

/** `twinstill distill`: `train` with the student's teacher in a score store. */
export async function distillCommand({ scores, ...options }: DistillOptions, io: Io): Promise<number> {
  const set = [
    ...(options.set ?? []),
    ...(scores === undefined ? [] : [`scores.store=${JSON.stringify(resolve(scores))}`]),
  ];
  return trainCommand({ ...options, set }, io, {
    command: "distill",
    check: ({ scores: block }) => {
      if (block === undefined)
        throw new ConfigError("distill: a score store must be named, got none; give --scores or a scores block");
    },
  });
}
