import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { icons } from "./frontend/icons.ts";

/** One SVG file with a <symbol> per entry of frontend/icons.ts; found by the `icon` template tag through the manifest. */
function iconSprite(): Plugin {
  const folder = resolve(import.meta.dirname, "node_modules/@tabler/icons/icons/outline");
  return {
    name: "northpost-icons",
    buildStart() {
      const symbols = Object.entries(icons).map(([noun, file]) => {
        const path = `${folder}/${file}.svg`;
        if (!existsSync(path)) this.error(`frontend/icons.ts: Tabler has no icon "${file}" (for "${noun}")`);
        const inside = readFileSync(path, "utf8")
          .replace(/^[\s\S]*?<svg[^>]*>/, "")
          .replace(/<\/svg>\s*$/, "")
          .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "")
          .replace(/\s+/g, " ")
          .trim();
        return `<symbol id="${noun}" viewBox="0 0 24 24">${inside}</symbol>`;
      });
      this.emitFile({
        type: "asset",
        name: "icons.svg",
        originalFileName: "frontend/icons.svg",
        source: `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`,
      });
    },
  };
}

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [iconSprite()],
  css: { preprocessorOptions: { scss: { quietDeps: true } } },
  build: {
    outDir: "northpost/web/static/build",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // A data: address would be refused by the pages' content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    reportCompressedSize: false,
    rolldownOptions: {
      input: "frontend/main.ts",
      // htmx carries an eval for attributes that we switch off (allowEval: false) and the policy refuses.
      checks: { eval: false },
    },
  },
});
