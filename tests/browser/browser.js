// The browser, and the pages that the tests look at.

import { chromium } from "playwright-core";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const SCREENSHOTS = fileURLToPath(new URL("screenshots", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "standpoint-browser-"));
mkdirSync(SCREENSHOTS, { recursive: true });
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function executable() {
  const known = ["chromium", "chromium-browser", "google-chrome"].map((name) => `/usr/bin/${name}`);
  const found = [process.env.STANDPOINT_CHROMIUM, ...known].find((path) => path && existsSync(path));
  if (!found) throw new Error("no chromium: run tests/browser/setup, or set STANDPOINT_CHROMIUM");
  return found;
}

/** As root, and in containers, chromium's own sandbox does not start. */
export const launch = () => chromium.launch({ executablePath: executable(), args: ["--no-sandbox"] });

const made = new Map();

/** The path of an invented report; see the example `page` of standpoint-report. */
export function invented(...arguments_) {
  const name = arguments_.join("-");
  if (!made.has(name)) {
    const path = join(folder, `${name}.html`);
    execFileSync("cargo", ["run", "-q", "--locked", "-p", "standpoint-report", "--example", "page", "--", ...arguments_],
      { cwd: ROOT, stdio: ["ignore", openSync(path, "w"), "inherit"] });
    made.set(name, path);
  }
  return made.get(name);
}

/** The run of the sample corpus: its report, and its stances. */
export function sampleRun() {
  if (!made.has("run")) {
    const out = join(folder, "out");
    const run = spawnSync("cargo", ["run", "-q", "--locked", "-p", "standpoint-cli", "--", "run", "seeds", "--targets", "seeds/targets.toml", "--out", out],
      { cwd: ROOT, encoding: "utf8" });
    // 1: two of its files are broken on purpose.
    if (run.status !== 1) throw new Error(`the sample run ended with ${run.status}: ${run.stderr}`);
    const rows = (table) => readFileSync(join(out, `${table}.jsonl`), "utf8").trim().split("\n").map((line) => JSON.parse(line));
    made.set("run", { report: join(out, "report.html"), stances: rows("stances"), pieces: rows("pieces"), documents: rows("documents") });
  }
  return made.get("run");
}

/** Opens a report and notes whatever it should not do. */
export async function open(browser, path, { hash = "", wait = true, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`file://${path}`)) faults.push(`request: ${request.url()}`);
  });
  await page.goto(`file://${path}${hash}`);
  if (wait) await page.waitForSelector("html[data-ready]", { timeout: 60_000 });
  return { page, faults, close: () => context.close() };
}
