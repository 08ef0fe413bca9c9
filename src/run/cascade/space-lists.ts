import type { Dataset } from "../../data/dataset.ts";
import type { Program } from "../../engine/program.ts";
import { NO_ITEM } from "../../eval/index.ts";
import { permutation, type RandomStream, randomStream } from "../../random.ts";
import type { CascadeRunConfig, ListSpaceConfig, Period, SpaceConfig } from "./cascade-config.ts";
import { joinRequests, type LoggedRequests } from "./logged-requests.ts";
import { rankLists } from "./rank-lists.ts";
import type { ItemLists } from "./score-pairs.ts";
import { readStageTable } from "./stage-table.ts";

/** When lists were built. */
export interface BuiltAt {
  /** Phases begun before, rounds, and steps done. */
  readonly phase: number;
  readonly round: number;
  readonly step: number;
}

/** The lists of a space, in use until they are built again. */
export interface SpaceLists {
  readonly lists: ItemLists;
  readonly builtAt: BuiltAt;
  /** Share of items that a row's list before did not hold; null where no row was in both. */
  readonly changedShare?: number | null;
}

/** What lists are built from. */
export interface ListSources {
  readonly program: Program;
  readonly dataset: Dataset;
  readonly config: CascadeRunConfig;
  /** Logged requests by space. */
  readonly logged: ReadonlyMap<string, LoggedRequests>;
}

/** Reads the requests of all logged spaces. */
export async function readLogged(
  { spaces }: CascadeRunConfig,
  folder: string,
  dataset: Dataset,
): Promise<ReadonlyMap<string, LoggedRequests>> {
  const logged = new Map<string, LoggedRequests>();
  for (const [name, space] of Object.entries(spaces))
    if (space.kind === "logged")
      logged.set(name, joinRequests(`spaces.${name}`, await readStageTable(space, folder), dataset));
  return logged;
}

/** Draws requests and builds a space's lists from the models as they are. */
export async function buildLists(
  sources: ListSources,
  name: string,
  space: Exclude<ListSpaceConfig, { kind: "in-batch" }>,
  builtAt: BuiltAt,
): Promise<SpaceLists> {
  const { program, dataset, config } = sources;
  const stream = randomStream(config.seed, "space", name, builtAt.phase);
  if (space.kind === "logged") return { lists: loggedLists(sources, name, space, stream), builtAt };
  const rows = drawRows(dataset, space.requests, stream);
  if (space.kind === "random") {
    const none: ItemLists = { rows, length: 0, items: new Int32Array(0) };
    return { lists: addUniform(dataset, none, space.count, stream), builtAt };
  }
  const at = config.stages.findIndex((stage) => stage.name === space.stage);
  const { from, to = config.stages[at]!.passes, uniform } = space;
  const ranked = await rankLists(program, dataset, config.stages.slice(0, at + 1), rows, { to });
  return { lists: addUniform(dataset, sliceLists(ranked, from, to), uniform, stream), builtAt };
}

/** Whether lists must be built again before a phase that starts now. Logged ones are never. */
export function isDue(space: SpaceConfig, built: BuiltAt | undefined, now: BuiltAt): boolean {
  if (space.kind === "rows" || space.kind === "in-batch") return false;
  if (built === undefined) return true;
  return space.kind !== "logged" && ageOf(space.refresh, built, now) >= space.refresh.every;
}

/** Age of lists in the unit of their space's period. */
export function ageOf({ unit }: Period, built: BuiltAt, now: BuiltAt): number {
  const field = ({ phases: "phase", rounds: "round", steps: "step" } as const)[unit];
  return now[field] - built[field];
}

function drawRows(dataset: Dataset, count: number, stream: RandomStream): Int32Array {
  const { train } = dataset.parts;
  return permutation(train.length, stream)
    .subarray(0, count)
    .map((place) => train[place]!);
}

function sliceLists({ rows, length, items }: ItemLists, from: number, to: number): ItemLists {
  const width = Math.min(to, length) - from;
  const slice = new Int32Array(rows.length * width);
  for (let row = 0; row < rows.length; row++)
    slice.set(items.subarray(row * length + from, row * length + from + width), row * width);
  return { rows, length: width, items: slice };
}

/** Adds items of the corpus that a list does not hold, drawn alike; fewer where the corpus has no more. */
function addUniform(dataset: Dataset, lists: ItemLists, count: number, stream: RandomStream): ItemLists {
  if (count === 0) return lists;
  const { rows, length, items } = lists;
  const width = length + count;
  const all = new Int32Array(rows.length * width).fill(NO_ITEM);
  for (let row = 0; row < rows.length; row++) {
    const own = items.subarray(row * length, (row + 1) * length);
    const held = new Set(own);
    all.set(own, row * width);
    const wanted = Math.min(held.size + count, dataset.items.size);
    for (let place = row * width + length; held.size < wanted; ) {
      const item = stream.integer(dataset.items.size);
      if (held.has(item)) continue;
      held.add(item);
      all[place++] = item;
    }
  }
  return { rows, length: width, items: all };
}

function loggedLists(
  { dataset, logged }: ListSources,
  name: string,
  space: Extract<SpaceConfig, { kind: "logged" }>,
  stream: RandomStream,
): ItemLists {
  const { rows, offsets, items } = logged.get(name)!;
  const chosen = permutation(rows.length, stream).subarray(0, space.requests);
  const all = new Int32Array(chosen.length * space.count).fill(NO_ITEM);
  for (const [i, request] of chosen.entries()) {
    const own = items.subarray(offsets[request]!, offsets[request + 1]!);
    const order = permutation(own.length, stream).subarray(0, space.count);
    for (const [place, from] of order.entries()) all[i * space.count + place] = own[from]!;
  }
  const lists = { rows: chosen.map((request) => rows[request]!), length: space.count, items: all };
  return addUniform(dataset, lists, space.uniform, stream);
}
