// Compile a standard-JSON request with solc: node compile_solidity.cjs NODE_MODULES REQUEST ANSWER.
// solc's own command line loses input and output beyond what a pipe holds.
const fs = require("node:fs");
const path = require("node:path");

const [modules, request, answer] = process.argv.slice(2);
const solc = require(path.join(modules, "solc"));
fs.writeFileSync(answer, solc.compile(fs.readFileSync(request, "utf8")));
