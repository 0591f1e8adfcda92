import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "/dashboard/",
  plugins: [react()],
  resolve: {
    alias: {
      "smithers-orchestrator/client": here("../src/client/index.ts"),
      // Descriptions come from whoever wrote the workflow, and are text.
      "markdown-to-jsx/react": here("src/ui/plain-text.tsx"),
      // The form library's own tests name it; it would make code at run time, which the page's policy forbids.
      "@rjsf/validator-ajv8": here("src/ui/schema-validator.ts"),
    },
  },
  build: {
    outDir: here("../dist/dashboard"),
    emptyOutDir: true,
    target: "es2022",
    // Nothing inline: the page's Content-Security-Policy allows only files of the server.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // A busy machine makes every build slow; that is no reason to print a warning.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
