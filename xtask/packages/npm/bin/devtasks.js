#!/usr/bin/env node
// Starts the program that the package for this system has brought, on our own terminal, and ends as it ends.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { isatty } = require("node:tty");

const system = `${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "devtasks.exe" : "devtasks";

function find() {
  try {
    return require.resolve(`devtasks-${system}/bin/${file}`);
  } catch {
    return null;
  }
}

function fail(message, code) {
  console.error(`error: ${message}`);
  process.exit(code);
}

const program = find();
if (program === null) {
  fail(
    `there is no devtasks for ${system} here: package \`devtasks-${system}\` is not installed\n\n` +
      "hint: install without `--omit=optional` (`--no-optional`); or build it with Rust: `cargo install devtasks`",
    5,
  );
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => fail(`cannot start ${program}: ${error.message}`, 5));
child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));

// Ctrl-C reaches every process on the terminal, so the program has heard it, and a second one would mean haste. Who sends
// a signal to this process alone means the program.
const onTerminal = [0, 1, 2].some(isatty);
process.on("SIGINT", () => onTerminal || child.kill("SIGINT"));
process.on("SIGTERM", () => child.kill("SIGTERM"));
