/**
 * The k items with the largest scores, best first; equal scores by lower item number.
 *
 * A heap of the k best so far, worst on top: most items are compared once and left.
 *
 * @param scores - by item number. @param items - those to choose from, rising.
 */
export function bestPlaces(scores: Float32Array, items: Int32Array, k: number): Int32Array {
  const heap = items.slice(0, k);
  const worse = (a: number, b: number): boolean => scores[a]! < scores[b]! || (scores[a] === scores[b] && a > b);
  const sink = (from: number): void => {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && worse(heap[right]!, heap[left]!) ? right : left;
      if (!worse(heap[child]!, heap[at]!)) return;
      const held = heap[at]!;
      heap[at] = heap[child]!;
      heap[child] = held;
      at = child;
    }
  };
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(i);
  for (let i = heap.length; i < items.length; i++) {
    if (!worse(heap[0]!, items[i]!)) continue;
    heap[0] = items[i]!;
    sink(0);
  }
  return heap.sort((a, b) => scores[b]! - scores[a]! || a - b);
}
