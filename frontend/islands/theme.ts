/**
 * Light, dark, or as the system has it. The choice is a cookie, so the server writes it into <html data-theme> and no
 * page flashes; without a choice the style sheet follows the system by itself.
 */
const YEAR = 365 * 24 * 3600;

export function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function announce(): void {
  document.dispatchEvent(new CustomEvent("northpost:theme"));
}

function choose(theme: string): void {
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
  const secure = location.protocol === "https:" ? "; secure" : "";
  const kept = theme === "system" ? `theme=; max-age=0` : `theme=${theme}; max-age=${YEAR}`;
  document.cookie = `${kept}; path=/; samesite=lax${secure}`;
  mark();
  announce();
}

function mark(): void {
  const chosen = document.documentElement.dataset["theme"] ?? "system";
  document.querySelectorAll<HTMLElement>("[data-set-theme]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset["setTheme"] === chosen));
  });
}

export function startTheme(): void {
  mark();
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-set-theme]");
    if (button) choose(button.dataset["setTheme"] ?? "system");
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
}
