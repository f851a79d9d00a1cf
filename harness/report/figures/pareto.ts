import type { Trade } from "../../analysis/front.ts";

/** Labels of cells on the front stand so many pixels lower, under its line. */
export const belowLine = 10;

/**
 * Labels that do not run into each other: those on the front first, then from best to worst; a cell
 * whose label would touch an earlier one gets an empty one.
 *
 * @param height of the plot in pixels, which the values fill
 */
export function spreadLabels<Point extends Trade & { front: boolean }>(points: readonly Point[], { height, logarithmic }: { height: number; logarithmic: boolean }): (Point & { label: string })[] {
  const place = ({ value }: Trade): number => (logarithmic ? Math.log(value) : value);
  const low = Math.min(...points.map(place));
  const span = Math.max(...points.map(place)) - low || 1;
  const widest = Math.max(...points.map(({ bits }) => bits)) - Math.min(...points.map(({ bits }) => bits)) || 1;
  const pixel = (point: Point): number => (1 - (place(point) - low) / span) * height + (point.front ? belowLine : 0);
  const taken: Point[] = [];
  const labels = new Map<Point, string>();
  const order = [...points].sort((left, right) => Number(right.front) - Number(left.front) || left.value - right.value);
  for (const point of order) {
    const touches = taken.some((other) => Math.abs(pixel(other) - pixel(point)) < 10 && Math.abs(other.bits - point.bits) / widest < 0.3);
    if (!touches) taken.push(point);
    labels.set(point, touches ? "" : point.name);
  }
  return points.map((point) => ({ ...point, label: labels.get(point) ?? "" }));
}
