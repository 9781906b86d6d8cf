// taplo's language server on standard input and output. The package holds the
// engine of an editor's extension, which leaves the world to its host.
const fs = require("node:fs");
const path = require("node:path");
const { fileURLToPath } = require("node:url");
const { TaploLsp } = require("@taplo/lsp");

// The engine would ask a catalogue of schemas.
globalThis.fetch = async () => {
  throw new Error("nothing is fetched");
};

const world = {
  now: () => new Date(),
  envVar: (name) => process.env[name],
  envVars: () => Object.entries(process.env),
  stdErrAtty: () => false,
  stdin: async () => new Uint8Array(),
  stdout: process.stderr,
  stderr: process.stderr,
  glob: () => [],
  readFile: (file) => fs.promises.readFile(file),
  writeFile: async () => {},
  // Its default workspace is no file.
  urlToFilePath: (url) => (url.startsWith("file:") ? fileURLToPath(url) : new URL(url).pathname),
  isAbsolute: path.isAbsolute,
  cwd: () => process.cwd(),
  findConfigFile: (from) =>
    [".taplo.toml", "taplo.toml"].map((name) => path.join(from, name)).find(fs.existsSync),
};

function send(message) {
  const body = Buffer.from(JSON.stringify(message));
  process.stdout.write(Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]));
}

// Hands each whole message over and returns what is left.
function take(input, server) {
  const head = input.indexOf("\r\n\r\n");
  if (head < 0) return input;
  const length = Number(/Content-Length: (\d+)/i.exec(input.toString("latin1", 0, head))[1]);
  const end = head + 4 + length;
  if (input.length < end) return input;
  const message = JSON.parse(input.toString("utf8", head + 4, end));
  if (message.method === "exit") process.exit(0);
  server.send(message);
  return take(input.subarray(end), server);
}

TaploLsp.initialize(world, { onMessage: send }).then((server) => {
  let input = Buffer.alloc(0);
  process.stdin.on("data", (bytes) => {
    input = take(Buffer.concat([input, bytes]), server);
  });
  process.stdin.on("end", () => process.exit(0));
});
