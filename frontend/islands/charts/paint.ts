/** Colours from the tokens, figures and days in the page's language. */
import { language as spoken } from "../../words.ts";
import type { Role } from "./specs.ts";

// English here is British: 30 Jun, not Jun 30.
const language = spoken === "en" ? "en-GB" : spoken;

const probe = document.createElement("span");
probe.hidden = true;

/** The colour a token has now; the browser resolves light-dark() only in a computed colour. */
export function token(name: string): string {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

export function roleColour(role: Role | undefined): string {
  return token(`chart-${role ?? "actual"}`);
}

const plain = new Intl.NumberFormat(language, { useGrouping: "always", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(language, { useGrouping: "always", maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });

/** A figure with its unit; shares come as 0..1 with the unit "%". Brief: thousands are short, and the unit is said elsewhere. */
export function figure(value: number | null | undefined, unit?: string, brief = false): string {
  if (value === null || value === undefined) return "–";
  if (unit === "%") return percent.format(value);
  const text = (brief && Math.abs(value) >= 1000 ? short : Math.abs(value) >= 1000 ? whole : plain).format(value);
  return unit && !brief ? `${text} ${unit}` : text;
}

const dayMonth = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
const monthYear = new Intl.DateTimeFormat(language, { month: "short", year: "numeric", timeZone: "UTC" });
const hour = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" });
const wholeDay = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

/** Days are "2026-06-30", hours "2026-06-30T14:00" as the workspace's clock shows them. */
export function day(iso: string, form: "tick" | "month" | "whole" = "whole"): string {
  if (!/^\d{4}-\d{2}/.test(iso)) return iso;
  if (iso.includes("T")) return hour.format(new Date(`${iso}:00Z`));
  const date = new Date(`${iso.length === 7 ? `${iso}-01` : iso}T00:00:00Z`);
  const text = (form === "tick" ? dayMonth : form === "month" ? monthYear : wholeDay).format(date);
  return form === "month" ? text.replace(/\s*г\.$/, "") : text; // an axis need not say "year" each time
}

export const font = (): string => getComputedStyle(document.body).fontFamily;
