// Starts `orderwright lsp` and hands everything on to it. What it can do is in docs/editors.md.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

/** The client of the server that runs; none before the first start. */
let client;

/** Starts the server with the settings as they are now. */
async function start() {
  const settings = vscode.workspace.getConfiguration("orderwright");
  const server = { command: settings.get("path"), args: ["lsp"] };
  const options = {
    documentSelector: [
      { scheme: "file", language: "blueprint" },
      { scheme: "untitled", language: "blueprint" },
    ],
    initializationOptions: { folders: settings.get("folders") },
  };
  client = new LanguageClient("orderwright", "Orderwright", server, options);
  try {
    await client.start();
  } catch (wrong) {
    client = undefined;
    const help = "set `orderwright.path` to the program";
    vscode.window.showErrorMessage(`\`${server.command} lsp\` could not be started (${wrong}): ${help}`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  const changed = (event) =>
    ["path", "folders"].some((name) => event.affectsConfiguration(`orderwright.${name}`));
  context.subscriptions.push(
    vscode.commands.registerCommand("orderwright.restart", restart),
    vscode.workspace.onDidChangeConfiguration((event) => (changed(event) ? restart() : undefined)),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  // A folder that is not trusted could name any program.
  if (vscode.workspace.isTrusted) {
    await start();
  }
}

module.exports = { activate, deactivate: stop };
