// Analyzes Kusto queries (JSON on standard input: name to query) with the parser that Azure uses. Prints the complaints of
// each query that has some, as JSON. The columns are those of Application Insights' traces in a workspace that Rekey's queries
// read: a name that is misspelt is a complaint, too.
const { readFileSync } = require('node:fs');

global.window = global; // the packages put their namespaces there
require('@kusto/language-service-next/bridge.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.js');
const { KustoCode, GlobalState } = Kusto.Language;

const traces = 'let AppTraces = datatable(TimeGenerated: datetime, _ResourceId: string, Message: string, AppRoleName: string) [];\n';
const out = {};
for (const [name, query] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
  const text = traces + query;
  const found = KustoCode.ParseAndAnalyze(text, GlobalState.Default).GetDiagnostics();
  for (let i = 0; i < found.Count; i++) {
    const d = found.getItem(i);
    if (d.Severity === 'Error') {
      (out[name] ??= []).push(`${d.Code} ${d.Message} At: ${text.substr(d.Start, 30).split('\n')[0]}`);
    }
  }
}
console.log(JSON.stringify(out));
