/**
 * Ctrl-K: find a person, a mailing, a page, or a thing to do. Asks the search page for JSON: [{group, label, hint, url, icon}].
 * Without a script the button is a link to that same search page.
 */
import { word } from "../words.ts";
import { iconElement } from "./toasts.ts";

type Hit = { group: string; label: string; hint?: string; url: string; icon?: string };

export function startPalette(): void {
  const dialog = document.querySelector<HTMLDialogElement>("dialog.palette");
  const input = dialog?.querySelector<HTMLInputElement>("input");
  const list = dialog?.querySelector<HTMLElement>(".palette-list");
  if (!dialog || !input || !list) return;
  const palette = new Palette(dialog, input, list);

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.code === "KeyK") {
      event.preventDefault();
      palette.open();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    if ((event.target as Element).closest("[data-palette]")) {
      event.preventDefault();
      palette.open();
    }
  });
}

class Palette {
  private hits: Hit[] = [];
  private at = 0;
  private timer = 0;
  private asked: AbortController | null = null;

  constructor(
    private dialog: HTMLDialogElement,
    private input: HTMLInputElement,
    private list: HTMLElement,
  ) {
    input.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.ask(), 120);
    });
    input.addEventListener("keydown", (event) => this.onKey(event));
    list.addEventListener("mousemove", (event) => {
      const row = (event.target as Element).closest<HTMLElement>("[data-index]");
      if (row) this.choose(Number(row.dataset["index"]));
    });
  }

  open(): void {
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.input.select();
    void this.ask();
  }

  private async ask(): Promise<void> {
    this.asked?.abort();
    const asked = new AbortController();
    this.asked = asked;
    const url = new URL(this.dialog.dataset["url"] ?? "", location.href);
    url.searchParams.set("q", this.input.value.trim());
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: asked.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      this.hits = await answer.json();
      this.at = 0;
      this.show();
    } catch {
      if (!asked.signal.aborted) this.say(word("offline"));
    }
  }

  private say(text: string): void {
    const note = document.createElement("p");
    note.className = "palette-note";
    note.textContent = text;
    this.list.replaceChildren(note);
    this.input.removeAttribute("aria-activedescendant");
  }

  private show(): void {
    if (this.hits.length === 0) {
      this.say(word("nothing_found"));
      return;
    }
    const rows: HTMLElement[] = [];
    let group: HTMLElement | null = null;
    this.hits.forEach((hit, index) => {
      if (index === 0 || hit.group !== this.hits[index - 1]?.group) {
        group = document.createElement("div");
        group.setAttribute("role", "group");
        group.setAttribute("aria-label", hit.group);
        const title = document.createElement("p");
        title.className = "palette-group";
        title.setAttribute("aria-hidden", "true");
        title.textContent = hit.group;
        group.append(title);
        rows.push(group);
      }
      group?.append(this.row(hit, index));
    });
    this.list.replaceChildren(...rows);
    this.choose(0);
  }

  private row(hit: Hit, index: number): HTMLElement {
    const row = document.createElement("a");
    row.className = "palette-item";
    row.id = `palette-${index}`;
    row.href = hit.url;
    row.tabIndex = -1;
    row.dataset["index"] = String(index);
    row.setAttribute("role", "option");
    const label = document.createElement("span");
    label.textContent = hit.label;
    row.append(iconElement(hit.icon ?? "right"), label);
    if (hit.hint) {
      const hint = document.createElement("span");
      hint.className = "hint";
      hint.textContent = hit.hint;
      row.append(hint);
    }
    return row;
  }

  private choose(index: number): void {
    this.at = index;
    this.list.querySelectorAll<HTMLElement>("[data-index]").forEach((row) => {
      const chosen = Number(row.dataset["index"]) === index;
      row.setAttribute("aria-selected", String(chosen));
      if (chosen) {
        this.input.setAttribute("aria-activedescendant", row.id);
        row.scrollIntoView({ block: "nearest" });
      }
    });
  }

  private onKey(event: KeyboardEvent): void {
    const last = this.hits.length - 1;
    if (event.key === "ArrowDown") this.choose(this.at >= last ? 0 : this.at + 1);
    else if (event.key === "ArrowUp") this.choose(this.at <= 0 ? last : this.at - 1);
    else if (event.key === "Enter" && this.hits[this.at]) location.assign(this.hits[this.at]!.url);
    else return;
    event.preventDefault();
  }
}
