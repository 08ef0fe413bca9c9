import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { topItems } from "../../src/eval/top-items.ts";
import { asyncContender } from "../contender.ts";
import { pythonContender } from "../python-contender.ts";
import { type Rounds, type RoundsOptions, takeRounds } from "../rounds.ts";

export interface TopkCase extends Rounds {
  readonly users: number;
  readonly items: number;
  readonly width: number;
  readonly k: number;
  /** Users and items of PyTorch's blocks: the fastest of those that were tried; null for all items. */
  readonly block: readonly [users: number, items: number | null];
}

export interface TopkOptions extends RoundsOptions {
  readonly python: string;
  readonly threads: number;
  readonly users: number;
  readonly items: number;
  readonly say: (line: string) => void;
}

const [WIDTH, K] = [64, 100];

/** Exact lists over the whole corpus beside PyTorch. The number that both give is the mean of the best scores. */
export async function runTopkCase({ python, threads, users, items, say, ...rounds }: TopkOptions): Promise<TopkCase> {
  say(`bench: top ${K} of ${items} items for ${users} users`);
  const vectors = [users, items].map((count) => tf.randomNormal([count, WIDTH]) as tf.Tensor2D);
  const own = asyncContender("twinstill", async () => {
    const { scores } = await topItems(vectors[0]!, vectors[1]!, { k: K });
    return scores.reduce((sum, score) => sum + score, 0) / scores.length;
  });
  const torch = await pythonContender(python, {
    name: "PyTorch",
    script: join(import.meta.dirname, "torch_topk.py"),
    spec: { users, items, width: WIDTH, k: K, threads },
  });
  const found = await takeRounds([own, torch], { ...rounds, stepsATurn: 1, warm: false });
  torch.close();
  tf.dispose(vectors);
  return { ...found, users, items, width: WIDTH, k: K, block: torch.hello.block as TopkCase["block"] };
}
