import { defineConfig } from "vite";

export default defineConfig({
  server: {
    // Left to itself, Vite listens on what `localhost` resolves to first, often ::1 alone.
    host: "127.0.0.1",
    // The page asks its own server for /api, and that passes it on to the backend: one origin, so no CORS.
    proxy: { "/api": process.env.API_URL ?? "http://127.0.0.1:8000" },
  },
});
