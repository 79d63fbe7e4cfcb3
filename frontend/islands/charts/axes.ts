/** What charts are read by: their axes, and what hovering over them says. */
import { day, figure, token } from "./paint.ts";
import type { DaysSpec, LineSpec, Series } from "./specs.ts";

export const muted = (): object => ({ color: token("ink-muted"), fontSize: 12 });
export const noAxis = { axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false } };

export function tooltip(extra: object): object {
  return {
    backgroundColor: token("raised"),
    borderColor: token("line"),
    borderWidth: 1,
    padding: [8, 12],
    textStyle: { color: token("ink"), fontSize: 13 },
    confine: true,
    ...extra,
  };
}

/** Which days are written below the line: each nth, or, over many days, the first of each nth month. */
function ticks(x: string[], most: number): (index: number) => boolean {
  const firsts = x.length > 70 && !x[0]?.includes("T") ? x.flatMap((iso, index) => (index > 0 && iso.slice(0, 7) !== x[index - 1]?.slice(0, 7) ? [index] : [])) : [];
  if (firsts.length > 1) {
    const every = Math.ceil(firsts.length / most);
    const chosen = new Set(firsts.filter((_, at) => at % every === 0));
    return (index) => chosen.has(index);
  }
  const every = Math.max(1, Math.ceil(x.length / most));
  return (index) => index % every === 0;
}

export function timeAxis(x: string[], width: number): object {
  const hours = x[0]?.includes("T") ?? false;
  const months = !hours && x.length > 70;
  const shown = ticks(x, Math.max(2, Math.floor(width / 110)));
  return {
    type: "category",
    data: x,
    boundaryGap: false,
    ...noAxis,
    axisLine: { show: true, lineStyle: { color: token("line-strong") } },
    axisLabel: { ...muted(), interval: (index: number) => shown(index), hideOverlap: true, formatter: (iso: string) => day(iso, months ? "month" : "tick") },
  };
}

/** `most`: the largest value; from 10,000 on, thousands are short on the whole axis. */
export function valueAxis(unit?: string, most = 0): object {
  const money = unit && unit !== "%" ? ` ${unit}` : "";
  const text = (value: number) => (unit === "%" ? figure(value, unit) : figure(value, "", most >= 10_000) + (value ? money : ""));
  return {
    type: "value",
    splitNumber: 4,
    minInterval: unit ? undefined : 1, // what has no unit is counted in whole ones
    ...noAxis,
    splitLine: { lineStyle: { color: token("line") } },
    axisLabel: { ...muted(), formatter: text },
  };
}

export function largest(rows: Series[]): number {
  return Math.max(0, ...rows.flatMap((row) => row.values.map((value) => value ?? 0)));
}

type Hover = { dataIndex: number; seriesName: string; value: unknown }[];

export function timeTooltip(spec: LineSpec | DaysSpec): object {
  const rows: Series[] = [...spec.series, ...("target" in spec && spec.target ? [spec.target] : [])];
  return tooltip({
    trigger: "axis",
    axisPointer: { lineStyle: { color: token("line-strong") } },
    formatter: (hover: Hover) => {
      const at = hover[0]?.dataIndex ?? 0;
      const lines = rows.filter((row) => row.values[at] != null).map((row) => `${escape(row.name)}: <b>${figure(row.values[at], spec.unit)}</b>`);
      const band = "band" in spec ? spec.band : undefined;
      if (band && band.low[at] != null) {
        lines.push(`${escape(band.name)}: <b>${figure(band.low[at])} – ${figure(band.high[at], spec.unit)}</b>`);
      }
      return [day(spec.x[at] ?? ""), ...lines].join("<br>");
    },
  });
}

export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
