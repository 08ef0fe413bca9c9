import { type RandomStream, randomStream } from "../random.ts";
import { topPlaces, type WeightedDraw, weightedDraw } from "./draw.ts";
import { truthOf } from "./truth.ts";
import type { World } from "./world.ts";

/** One request of the log. */
export interface LoggedRequest {
  readonly request: number;
  readonly day: number;
  readonly user: number;
  /** Items of each stage; a later stage's are among the earlier one's. Each in the order of its stage's score. */
  readonly recalled: Int32Array;
  readonly preRanked: Int32Array;
  readonly exposed: Int32Array;
  /** [exposed] 1 where clicked, and where converted (only after a click). */
  readonly clicks: Uint8Array;
  readonly conversions: Uint8Array;
}

/**
 * The requests that the old cascade served, in the order of their days. Each is drawn from a stream of its own, so that
 * any range gives the same requests as the whole log.
 */
export function* cascadeLog(world: World, from = 0, to = world.config.requests): Generator<LoggedRequest> {
  const { config, users } = world;
  const byActivity = weightedDraw(users.activity);
  const recall = config.policy === "uniform" ? uniformStages(world) : cascadeStages(world);
  for (let request = from; request < to; request++) {
    const stream = randomStream(config.seed, "request", request);
    const user = byActivity.draw(stream);
    const stages = recall(user, stream);
    const clicks = new Uint8Array(stages.exposed.length);
    const conversions = new Uint8Array(stages.exposed.length);
    for (const [place, item] of stages.exposed.entries()) {
      const { ctr, cvr } = truthOf(world, user, item);
      clicks[place] = stream.uniform() < ctr ? 1 : 0;
      conversions[place] = stream.uniform() < cvr ? clicks[place]! : 0;
    }
    yield { request, day: Math.floor((request * config.days) / config.requests), user, ...stages, clicks, conversions };
  }
}

type Stages = Pick<LoggedRequest, "recalled" | "preRanked" | "exposed">;

/** Draws of one channel without repetition: what Gumbel noise on the logarithm of the weights would choose. */
function drawDistinct(count: number, taken: Set<number>, draw: () => number, allowed: number): void {
  const goal = Math.min(taken.size + count, allowed);
  while (taken.size < goal) taken.add(draw());
}

function cascadeStages({ config, users, items }: World): (user: number, stream: RandomStream) => Stages {
  const { categories: C, recalled } = config;
  const warm = Int32Array.from(items.cold.keys()).filter((item) => items.cold[item] === 0);
  const popular = weightedDraw(Float64Array.from(warm, (item) => items.popularity[item]!));
  const inCategory = byCategory(C, warm, items);
  return (user, stream) => {
    const taken = new Set<number>();
    const history = users.history.subarray(user * C, (user + 1) * C);
    const ofUser = weightedDraw(inCategory.map(({ draw }, c) => (draw ? draw.total * (1 + history[c]!) ** 2 : 0)));
    const matched = (): number => {
      const { draw, members } = inCategory[ofUser.draw(stream)]!;
      return members[draw!.draw(stream)]!;
    };
    drawDistinct(recalled.matched, taken, matched, warm.length);
    drawDistinct(recalled.popular, taken, () => warm[popular.draw(stream)]!, warm.length);
    drawDistinct(recalled.uniform, taken, () => warm[stream.integer(warm.length)]!, warm.length);
    const pool = Int32Array.from(taken);
    const logHistory = (item: number): number => Math.log1p(history[items.category[item]!]!);
    const preRanked = best(
      pool,
      config.preRanked,
      (item) => 0.8 * logHistory(item) + 0.5 * Math.log(items.popularity[item]!) + 0.5 * stream.normal(),
    );
    const match = (item: number): number => users.match[user * C + items.category[item]!]!;
    const exposed = best(
      preRanked,
      config.exposed,
      (item) => 1.3 * match(item) + 0.7 * items.attractiveness[item]! + 0.7 * stream.normal(),
    );
    return { recalled: pool, preRanked, exposed };
  };
}

interface CategoryItems {
  readonly members: Int32Array;
  /** By popularity^0.7; undefined where the category has no item to show. */
  readonly draw: WeightedDraw | undefined;
}

function byCategory(categories: number, warm: Int32Array, items: World["items"]): readonly CategoryItems[] {
  return Array.from({ length: categories }, (_, c) => {
    const members = warm.filter((item) => items.category[item] === c);
    const weights = Float64Array.from(members, (item) => items.popularity[item]! ** 0.7);
    return { members, draw: members.length === 0 ? undefined : weightedDraw(weights) };
  });
}

/** All stages pass random items: no selection. */
function uniformStages({ config, items }: World): (user: number, stream: RandomStream) => Stages {
  const warm = Int32Array.from(items.cold.keys()).filter((item) => items.cold[item] === 0);
  const { matched, popular, uniform } = config.recalled;
  return (_user, stream) => {
    const taken = new Set<number>();
    drawDistinct(matched + popular + uniform, taken, () => warm[stream.integer(warm.length)]!, warm.length);
    const recalled = Int32Array.from(taken); // in the order drawn: any prefix is a random subset
    return { recalled, preRanked: recalled.slice(0, config.preRanked), exposed: recalled.slice(0, config.exposed) };
  };
}

function best(pool: Int32Array, count: number, score: (item: number) => number): Int32Array {
  const scores = Float64Array.from(pool, score);
  return Int32Array.from(topPlaces(scores, count), (place) => pool[place]!);
}
