import { topPlaces } from "./draw.ts";
import { TASTES, type World } from "./world.ts";

/** The true click and conversion probabilities of a user and an item. */
export interface Truth {
  readonly ctr: number;
  /** Of a conversion after a click. */
  readonly cvr: number;
  readonly ctcvr: number;
}

/** The truth of one pair: computed when asked for, so that no user x item table is ever held. */
export function truthOf(world: World, user: number, item: number): Truth {
  const ctr = sigmoid(ctrLogit(world, user, item));
  const cvr = sigmoid(cvrLogit(world, user, item));
  return { ctr, cvr, ctcvr: ctr * cvr };
}

/** [I] true pCTCVR (or pCTR) of a user with every item, cold ones included. */
export function truthOfUser(world: World, user: number, what: "ctr" | "ctcvr" = "ctcvr"): Float64Array {
  return Float64Array.from({ length: world.config.items }, (_, item) => truthOf(world, user, item)[what]);
}

/** The user's `k` items of highest true pCTCVR (or pCTR), best first. */
export function trueTop(world: World, user: number, k: number, what: "ctr" | "ctcvr" = "ctcvr"): number[] {
  return topPlaces(truthOfUser(world, user, what), k);
}

function ctrLogit(
  { config: { ctr, categories: C, prices: P }, users, items, crossCtr }: World,
  user: number,
  item: number,
): number {
  const category = items.category[item]!;
  const cell = (users.segment[user]! * C + category) * P + items.price[item]!;
  let taste = 0;
  for (let d = 0; d < TASTES; d++) taste += users.taste[user * TASTES + d]! * items.taste[item * TASTES + d]!;
  return (
    ctr.bias +
    ctr.match * users.match[user * C + category]! +
    ctr.attractiveness * items.attractiveness[item]! +
    ctr.cross * crossCtr[cell]! +
    (ctr.taste * taste) / Math.sqrt(TASTES)
  );
}

function cvrLogit(
  { config: { cvr, categories: C }, users, items, crossCvr }: World,
  user: number,
  item: number,
): number {
  const gap = Math.abs(users.power[user]! - items.price[item]!);
  return (
    cvr.bias +
    cvr.quality * items.quality[item]! -
    cvr.priceGap * gap +
    cvr.cross * crossCvr[users.segment[user]! * C + items.category[item]!]!
  );
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
