/** <button data-copy="text"> or data-copy-from="id": into the clipboard, and says so. */
import { word } from "../words.ts";
import { toast } from "./toasts.ts";

export function startCopy(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-copy], [data-copy-from]");
    if (!button) return;
    const source = document.getElementById(button.dataset["copyFrom"] ?? "");
    const text = source ? (source instanceof HTMLInputElement ? source.value : (source.innerText ?? "")) : button.dataset["copy"];
    navigator.clipboard.writeText(text ?? "").then(
      () => toast(word("copied"), "good"),
      () => toast(word("copy_failed"), "doubt"),
    );
  });
}
