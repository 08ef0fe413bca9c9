/** True under `npm run test:long`, which tries many more points and inputs than `npm test` does. */
export const isLong = process.env.TWINSTILL_LONG === "1";

/** How often something seeded is tried. */
export function times({ quick, long }: { readonly quick: number; readonly long: number }): number {
  return isLong ? long : quick;
}
