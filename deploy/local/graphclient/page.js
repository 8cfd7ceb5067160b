// Pages through the risk API with Microsoft's own client, as a program written for Microsoft Graph does, and prints what
// it saw as JSON. The test of handlers/risk starts it with URL and TOKEN in the environment.
const { Client, PageIterator } = require("@microsoft/microsoft-graph-client");

const url = new URL(process.env.URL);
const client = Client.initWithMiddleware({
  baseUrl: url.origin + "/",
  defaultVersion: "api",
  customHosts: new Set([url.hostname]), // else the client sends its token to Microsoft's hosts only
  authProvider: { getAccessToken: async () => process.env.TOKEN },
});

async function all(request) {
  const ids = [];
  const iterator = new PageIterator(client, await request.get(), (x) => {
    ids.push(x.id);
    return true;
  });
  await iterator.iterate();
  return ids;
}

async function main() {
  const out = {};
  out.detections = await all(client.api("/identityProtection/servicePrincipalRiskDetections").top(7));
  out.filtered = await all(
    client
      .api("/identityProtection/servicePrincipalRiskDetections")
      .filter("riskEventType eq 'leakedCredentials' or riskLevel eq 'medium'")
      .select(["id", "riskLevel"])
      .top(4),
  );
  out.principals = await all(client.api("/identityProtection/riskyServicePrincipals").top(2));
  const first = client.api("/identityProtection/riskyServicePrincipals/" + out.principals[0]);
  out.state = (await first.get()).riskState;
  out.dismissed = await client
    .api("/identityProtection/riskyServicePrincipals/dismiss")
    .post({ servicePrincipalIds: [out.principals[0]] });
  out.processing = (await first.header("Prefer", "include-unknown-enum-members").get()).isProcessing;
  try {
    await client.api("/identityProtection/servicePrincipalRiskDetections/none").get();
  } catch (e) {
    out.error = { status: e.statusCode, code: e.code, requestId: typeof e.requestId === "string" && e.requestId.length > 0 };
  }
  console.log(JSON.stringify(out));
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
