/** One way to take a step, timed in turns. */
export interface Contender {
  readonly name: string;
  /** Takes `steps` steps; milliseconds of each, and processor time of the whole turn. */
  readonly turn: (steps: number) => Promise<Turn>;
  readonly close: () => void;
}

export interface Turn {
  readonly milliseconds: readonly number[];
  readonly cpuMilliseconds: number;
  /** Loss of the last step: all sides train the same model. */
  readonly loss: number;
}

/** A contender that runs in this process. */
export function localContender(name: string, step: (k: number) => number, close: () => void): Contender {
  let k = 0;
  const turn = async (steps: number): Promise<Turn> => {
    const before = process.cpuUsage();
    let loss = Number.NaN;
    const milliseconds = Array.from({ length: steps }, () => {
      const start = performance.now();
      loss = step(k++);
      return performance.now() - start;
    });
    const { user, system } = process.cpuUsage(before);
    return { milliseconds, cpuMilliseconds: (user + system) / 1e3, loss };
  };
  return { name, turn, close };
}

/** A contender that runs in this process and waits meanwhile. */
export function asyncContender(name: string, step: () => Promise<number>): Contender {
  const turn = async (steps: number): Promise<Turn> => {
    const before = process.cpuUsage();
    let loss = Number.NaN;
    const milliseconds: number[] = [];
    for (let taken = 0; taken < steps; taken++) {
      const start = performance.now();
      loss = await step();
      milliseconds.push(performance.now() - start);
    }
    const { user, system } = process.cpuUsage(before);
    return { milliseconds, cpuMilliseconds: (user + system) / 1e3, loss };
  };
  return { name, turn, close: () => undefined };
}
