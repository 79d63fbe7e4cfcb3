/** What the server says in data-chart; `northpost.py`'s `chart` tag writes it, and the table beside it, from one source. */
export type Role = "actual" | "target" | "forecast" | "compare" | "loss" | "extra-1" | "extra-2" | "extra-3";
export type Series = { name: string; values: (number | null)[]; role?: Role };
export type Item = { label: string; value: number; note?: string; url?: string; low?: number; high?: number; role?: Role };

type Common = { unit?: string; height?: number };
/** Lines over days; `target` is the goal's line, `band` the forecast's lowest and highest. */
export type LineSpec = Common & {
  kind: "line";
  x: string[];
  series: Series[];
  target?: Series;
  band?: { name: string; low: (number | null)[]; high: (number | null)[] };
};
export type DaysSpec = Common & { kind: "days"; x: string[]; series: Series[] };
export type BarsSpec = Common & { kind: "bars"; items: Item[] };
export type FunnelSpec = Common & { kind: "funnel"; items: Item[] };
export type HeatSpec = Common & { kind: "heat"; rows: string[]; columns: string[]; values: (number | null)[][] };
export type WhiskerSpec = Common & { kind: "whisker"; items: Item[]; zero?: string };
export type Spec = LineSpec | DaysSpec | BarsSpec | FunnelSpec | HeatSpec | WhiskerSpec;
