/** The few sentences that scripts say, in the page's language: a block of JSON that the frame's template writes. */
const block = document.getElementById("words");
const words: Record<string, string> = block?.textContent ? JSON.parse(block.textContent) : {};

export function word(key: string): string {
  return words[key] ?? key;
}

export const language = document.documentElement.lang || "en";
