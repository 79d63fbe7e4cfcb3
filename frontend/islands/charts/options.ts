/** From what the server says to what ECharts draws. Direct labels, no legends; bars stand on zero. */
import type { EChartsCoreOption } from "echarts/core";
import { escape, largest, muted, noAxis, timeAxis, timeTooltip, tooltip, valueAxis } from "./axes.ts";
import { figure, font, roleColour, token } from "./paint.ts";
import type { BarsSpec, DaysSpec, FunnelSpec, HeatSpec, Item, LineSpec, Series, Spec, WhiskerSpec } from "./specs.ts";

/** Height in px; what has rows is as high as its rows. */
export function height(spec: Spec): number {
  if (spec.height) return spec.height;
  if (spec.kind === "bars" || spec.kind === "whisker") return spec.items.length * 32 + (spec.kind === "whisker" ? 36 : 8);
  if (spec.kind === "funnel") return (spec.items.length * 2 - 1) * 25;
  if (spec.kind === "heat") return spec.rows.length * 30 + 34;
  return spec.kind === "days" ? 180 : 300;
}

export function option(spec: Spec, width: number): EChartsCoreOption {
  const base = { textStyle: { fontFamily: font(), color: token("ink"), fontSize: 13 }, animation: false, aria: { enabled: false } };
  return { ...base, ...shape(spec, width) };
}

function shape(spec: Spec, width: number): EChartsCoreOption {
  switch (spec.kind) {
    case "line":
      return line(spec, width);
    case "days":
      return days(spec, width);
    case "bars":
      return bars(spec, width);
    case "funnel":
      return funnel(spec, width);
    case "heat":
      return heat(spec, width);
    case "whisker":
      return whisker(spec, width);
  }
}

function lastKnown(values: (number | null)[]): number {
  return values.findLastIndex((value) => value !== null && value !== undefined);
}

const LABEL_PX = 17;

/** How far, in px, the names of lines that end close together have to be moved apart. */
function shifts(all: Series[], plotHeight: number): number[] {
  const top = Math.max(...all.flatMap((series) => series.values.map((value) => value ?? 0)), 1);
  const ends = all
    .map((series, index) => ({ index, at: lastKnown(series.values), y: ((series.values[lastKnown(series.values)] ?? 0) / top) * plotHeight }))
    .sort((one, other) => other.y - one.y);
  const moved = all.map(() => 0);
  ends.forEach((end, rank) => {
    const above = ends.slice(0, rank).findLast((other) => other.at === end.at);
    if (!above) return;
    const gap = above.y - (moved[above.index] ?? 0) - end.y;
    if (gap < LABEL_PX) moved[end.index] = LABEL_PX - gap;
  });
  return moved;
}

/** A line with its name written at its last point, in its own colour. */
function namedLine(series: Series, labelInside: boolean, shift: number): object {
  const colour = roleColour(series.role);
  const last = lastKnown(series.values);
  return {
    type: "line",
    name: series.name,
    data: series.values.map((value, index) =>
      index === last
        ? {
            value,
            label: {
              show: true,
              position: labelInside ? (shift > 0 ? "bottom" : "top") : "right",
              align: labelInside ? "right" : "left",
              formatter: series.name,
              color: series.role === "forecast" || series.role === "compare" ? token("ink-muted") : colour,
              offset: [0, labelInside ? 0 : shift],
              fontSize: 12,
              fontWeight: 600,
              width: labelInside ? 150 : 120,
              overflow: "break",
            },
          }
        : value,
    ),
    showSymbol: true,
    showAllSymbol: true,
    symbol: "circle",
    symbolSize: (_value: unknown, info: { dataIndex: number }) => (info.dataIndex === last && series.role !== "target" ? 7 : 0),
    lineStyle: { color: colour, width: series.role === "compare" ? 1.5 : 2.25, type: series.role === "target" ? [6, 4] : series.role === "forecast" ? [2, 3] : "solid" },
    itemStyle: { color: colour },
    emphasis: { disabled: true },
    z: series.role === "actual" || !series.role ? 5 : 3,
  };
}

function line(spec: LineSpec, width: number): EChartsCoreOption {
  const narrow = width < 560;
  const all = [...spec.series, ...(spec.target ? [{ role: "target" as const, ...spec.target }] : [])];
  const moved = shifts(all, height(spec) - 50);
  const drawn: object[] = all.map((series, index) => namedLine(series, narrow, moved[index] ?? 0));
  if (spec.band) {
    const { low, high } = spec.band;
    const quiet = { type: "line", symbol: "none", lineStyle: { opacity: 0 }, silent: true, stack: "band", z: 1, tooltip: { show: false } };
    drawn.push({ ...quiet, name: "low", data: low });
    drawn.push({
      ...quiet,
      name: spec.band.name,
      data: high.map((top, index) => (top == null || low[index] == null ? null : top - (low[index] as number))),
      areaStyle: { color: token("chart-forecast"), opacity: 0.28 },
    });
  }
  return {
    grid: { left: 4, right: narrow ? 12 : 132, top: narrow ? 30 : 16, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: timeAxis(spec.x, width),
    yAxis: valueAxis(spec.unit, largest([...spec.series, ...(spec.target ? [spec.target] : [])])),
    tooltip: timeTooltip(spec),
    series: drawn,
  };
}

function days(spec: DaysSpec, width: number): EChartsCoreOption {
  return {
    grid: { left: 4, right: 4, top: 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { ...timeAxis(spec.x, width), boundaryGap: true },
    yAxis: valueAxis(spec.unit, largest(spec.series)),
    tooltip: timeTooltip(spec),
    series: spec.series.map((series) => ({
      type: "bar",
      name: series.name,
      stack: "all",
      data: series.values,
      itemStyle: { color: roleColour(series.role) },
      barCategoryGap: spec.x.length > 60 ? "10%" : "25%",
      emphasis: { disabled: true },
    })),
  };
}

/** Room for what stands at the ends of the bars. */
function noteRoom(texts: string[], width: number): number {
  return Math.min(Math.max(...texts.map((text) => text.length), 4) * 7.2 + 14, width * 0.4);
}

const clip = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function labelWidth(items: Item[], width: number): number {
  const longest = Math.max(...items.map((item) => item.label.length), 4);
  return Math.min(longest * 8.2 + 8, width * 0.42); // Cyrillic letters are wide
}

function bars(spec: BarsSpec, width: number): EChartsCoreOption {
  const items = [...spec.items].reverse();
  const left = labelWidth(items, width);
  const notes = items.map((item) => item.note ?? figure(item.value, spec.unit));
  return {
    grid: { left: left + 8, right: noteRoom(notes, width), top: 0, bottom: 0 },
    xAxis: { type: "value", min: 0, show: false },
    yAxis: {
      type: "category",
      data: items.map((item) => item.label),
      ...noAxis,
      axisLabel: { color: token("ink"), fontSize: 13, width: left, overflow: "truncate", align: "left", margin: left + 8 },
    },
    series: [
      {
        type: "bar",
        barWidth: 16,
        cursor: items.some((item) => item.url) ? "pointer" : "default",
        emphasis: { disabled: true },
        data: items.map((item, index) => ({
          value: item.value,
          url: item.url,
          itemStyle: { color: roleColour(item.role) },
          label: { show: true, position: "right", color: token("ink"), fontSize: 13, formatter: notes[index] ?? "" },
        })),
      },
    ],
  };
}

/** Stages as bars on one scale; in the gap between two stands how many were lost there, and their share. */
function funnel(spec: FunnelSpec, width: number): EChartsCoreOption {
  const left = labelWidth(spec.items, width);
  const rows = spec.items.flatMap((item, index) => {
    const before = spec.items[index - 1];
    if (!before) return [{ item, gap: "" }];
    const lost = before.value - item.value;
    const share = before.value > 0 && lost !== 0 ? ` (${figure(Math.abs(lost) / before.value, "%")})` : "";
    const gap = lost === 0 ? "" : `${lost > 0 ? "−" : "+"}${figure(Math.abs(lost))}${share}`;
    return [{ item: null, gap }, { item, gap: "" }];
  });
  rows.reverse();
  return {
    grid: { left: left + 8, right: 90, top: 0, bottom: 0 },
    xAxis: { type: "value", min: 0, show: false },
    yAxis: {
      type: "category",
      data: rows.map((row) => row.item?.label ?? ""),
      ...noAxis,
      axisLabel: { color: token("ink"), fontSize: 13, width: left, overflow: "truncate", align: "left", margin: left + 8, interval: 0 },
    },
    series: [
      {
        type: "bar",
        barWidth: 22,
        cursor: spec.items.some((item) => item.url) ? "pointer" : "default",
        emphasis: { disabled: true },
        data: rows.map(({ item, gap }) => ({
          value: item?.value ?? 0,
          url: item?.url,
          itemStyle: { color: roleColour(item?.role) },
          label: {
            show: true,
            position: "right",
            distance: item ? 5 : 0,
            color: token(item ? "ink" : "chart-loss"),
            fontSize: item ? 13 : 12,
            formatter: item ? (item.note ?? figure(item.value)) : gap,
          },
        })),
      },
    ],
  };
}

function heat(spec: HeatSpec, width: number): EChartsCoreOption {
  const cells = spec.values.flatMap((row, y) => row.map((value, x) => [x, y, value ?? "-"]));
  const known = spec.values.flat().filter((value): value is number => value !== null);
  const most = Math.max(...known, 0);
  const showFigures = width / Math.max(spec.columns.length, 1) > 44;
  return {
    grid: { left: 4, right: 4, top: 28, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { type: "category", position: "top", data: spec.columns, ...noAxis, axisLabel: { ...muted(), hideOverlap: true } },
    yAxis: { type: "category", inverse: true, data: spec.rows, ...noAxis, axisLabel: { ...muted(), formatter: (text: string) => clip(text, 22) } },
    visualMap: { show: false, min: 0, max: most || 1, inRange: { color: [token("chart-heat-low"), token("chart-heat-high")] } },
    tooltip: tooltip({
      formatter: (hover: { value: [number, number, number | "-"] }) => {
        const [x, y, value] = hover.value;
        return `${escape(spec.rows[y] ?? "")}, ${escape(spec.columns[x] ?? "")}: <b>${value === "-" ? "–" : figure(value, spec.unit)}</b>`;
      },
    }),
    series: [
      {
        type: "heatmap",
        data: cells.map(([x, y, value]) => ({
          value: [x, y, value],
          label: { color: typeof value === "number" && value > most * 0.5 ? token("paper") : token("ink") },
        })),
        label: {
          show: showFigures,
          fontSize: 12,
          formatter: (hover: { value: [number, number, number | "-"] }) => (hover.value[2] === "-" ? "" : figure(hover.value[2], spec.unit, true)),
        },
        itemStyle: { borderColor: token("paper"), borderWidth: 1 },
        emphasis: { disabled: true },
      },
    ],
  };
}

function whisker(spec: WhiskerSpec, width: number): EChartsCoreOption {
  const items = [...spec.items].reverse();
  const left = labelWidth(items, width);
  const ends = items.flatMap((item) => [item.low ?? item.value, item.high ?? item.value, 0]);
  const span = Math.max(...ends) - Math.min(...ends) || 1;
  return {
    grid: { left: left + 12, right: width < 560 ? 24 : 150, top: 4, bottom: 28 },
    xAxis: { ...valueAxis(spec.unit), min: Math.min(...ends) - span * 0.04, max: Math.max(...ends) + span * 0.04, splitLine: { show: false } },
    yAxis: {
      type: "category",
      data: items.map((item) => item.label),
      ...noAxis,
      axisLabel: { color: token("ink"), fontSize: 13, width: left, overflow: "truncate", align: "left", margin: left + 12 },
    },
    series: [
      {
        type: "custom",
        silent: true,
        data: items.map((item, index) => [item.low ?? item.value, item.high ?? item.value, index]),
        encode: { x: [0, 1], y: 2 },
        renderItem: (_: unknown, api: { value(i: number): number; coord(at: number[]): number[] }) => {
          const from = api.coord([api.value(0), api.value(2)]);
          const to = api.coord([api.value(1), api.value(2)]);
          const stroke = token("chart-actual");
          const rule = (x1: number, y1: number, x2: number, y2: number): object => ({
            type: "line",
            shape: { x1, y1, x2, y2 },
            style: { stroke, lineWidth: 2 },
          });
          const [fx, fy] = from as [number, number];
          const [tx] = to as [number];
          return { type: "group", children: [rule(fx, fy, tx, fy), rule(fx, fy - 5, fx, fy + 5), rule(tx, fy - 5, tx, fy + 5)] };
        },
      },
      {
        type: "scatter",
        symbolSize: 10,
        emphasis: { disabled: true },
        data: items.map((item, index) => ({
          value: [item.value, index],
          itemStyle: { color: roleColour(item.role) },
        })),
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: token("line-strong"), type: "solid", width: 1 },
          data: [{ xAxis: 0 }],
        },
      },
      ...(width < 560
        ? []
        : [
            {
              type: "scatter",
              symbolSize: 0,
              silent: true,
              data: items.map((item, index) => ({
                value: [Math.max(...ends) + span * 0.04, index],
                label: {
                  show: true,
                  position: "right",
                  color: token("ink"),
                  fontSize: 13,
                  formatter: item.note ?? figure(item.value, spec.unit),
                },
              })),
            },
          ]),
    ],
  };
}
