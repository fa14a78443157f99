/** Money as the API counts it: millionths of the accounting currency. */
const MICRO = 1_000_000;

export const unitsOf = (micro: number): number => micro / MICRO;
export const microOf = (units: number): number => Math.round(units * MICRO);
