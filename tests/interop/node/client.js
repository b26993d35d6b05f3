// SPDX-License-Identifier: Apache-2.0
// Reads a plan from standard input, makes its calls with npm's `soap`, and writes what came back as one JSON line.
"use strict";
const fs = require("fs");
const https = require("https");
const soap = require("soap");

const plan = JSON.parse(fs.readFileSync(0, "utf8"));

async function main() {
  const options = { forceSoap12Headers: plan.soap12, disableCache: true };
  const client = await soap.createClientAsync(plan.wsdl, options);
  client.setEndpoint(plan.location);
  if (plan.tls) {
    const read = (name) => fs.readFileSync(plan.tls[name]);
    client.setSecurity(new soap.ClientSSLSecurity(read("key"), read("cert"), read("ca"), {}));
  }
  const answers = [];
  for (const call of plan.calls) {
    try {
      const body = call.element === undefined ? call.arguments : { _xml: call.element };
      const [result] = await client[`${call.operation}Async`](body);
      answers.push({ result });
    } catch (error) {
      const fault = error.root && error.root.Envelope.Body.Fault;
      if (!fault) throw error;
      answers.push({ fault: (fault.detail || fault.Detail).ExchangeFault });
    }
  }
  const operations = Object.keys(Object.values(Object.values(client.describe())[0])[0]).sort();
  process.stdout.write(JSON.stringify({ operations, answers }) + "\n");
  https.globalAgent.destroy();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
