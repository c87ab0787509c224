import type { Pen } from './chart.ts';
import { pointsBetween } from './downsample.ts';

export interface Curve {
  readonly values: Float64Array;
  readonly colour: 'accent' | 'muted';
  readonly dashed?: boolean;
  /** Filled down (or up) to this value. */
  readonly ground?: number;
}

/** Lines over one scale. The first is drawn last, above the others. */
export function drawCurves(
  pen: Pen,
  curves: readonly Curve[],
  label: (value: number, places: number) => string,
): void {
  const { context, area, palette, first, end, x } = pen;
  const most = Math.floor(area.width / 2);
  const lines = curves.map((curve) => ({
    curve,
    points: pointsBetween(curve.values, { from: first, to: end, most }),
  }));
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { curve, points } of lines) {
    for (const point of points) {
      low = Math.min(low, curve.values[point] as number);
      high = Math.max(high, curve.values[point] as number);
    }
    if (curve.ground !== undefined) high = Math.max(high, curve.ground);
  }
  if (!(low <= high)) return;
  const height = pen.scale(low, high, label);
  context.save();
  context.beginPath();
  context.rect(area.left, 0, area.width, area.top + area.height + 1);
  context.clip();
  for (const { curve, points } of lines.toReversed()) {
    context.beginPath();
    for (const point of points) context.lineTo(x(point), height(curve.values[point] as number));
    context.strokeStyle = palette[curve.colour];
    context.lineWidth = curve.dashed === true ? 1.25 : 1.75;
    context.lineJoin = 'round';
    context.setLineDash(curve.dashed === true ? [5, 4] : []);
    context.stroke();
    context.setLineDash([]);
    if (curve.ground !== undefined) fillTo(pen, points, height(curve.ground));
  }
  context.restore();
}

function fillTo({ context, palette, x }: Pen, points: readonly number[], y: number): void {
  context.lineTo(x(points.at(-1) ?? 0), y);
  context.lineTo(x(points[0] ?? 0), y);
  context.closePath();
  context.globalAlpha = 0.14;
  context.fillStyle = palette.accent;
  context.fill();
  context.globalAlpha = 1;
}
