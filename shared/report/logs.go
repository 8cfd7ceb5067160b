package report

import (
	"fmt"
	"time"

	"rekey/shared/streams"
)

// Log says of one log whether the files hold all of it.
type Log struct {
	Category string     `json:"category"` // of package streams
	State    LogState   `json:"state"`
	Last     *time.Time `json:"last,omitempty"` // its newest record
}

// LogState is how much of a log is there.
type LogState string

// The states. In a sparse log, a pause says nothing; partly means that it began late, ended early or was silent between.
const (
	LogComplete LogState = "complete"
	LogPartly   LogState = "partly"
	LogSparse   LogState = "sparse"
	LogMissing  LogState = "missing"
)

// logWords are the words for the logs, and what stays unknown without them; what nobody misses has no second word.
var logWords = map[string]struct{ name, unknown string }{
	streams.SignIns:                {"sign-ins of service principals", "who signed in as whom"},
	streams.ManagedIdentitySignIns: {"sign-ins of managed identities", ""},
	streams.UserSignIns:            {"sign-ins of people", ""},
	streams.Audit:                  {"directory changes", "the answer to questions about credentials, consent and changes"},
	streams.Vaults:                 {"Key Vault", "the answer to questions about secrets"},
	streams.Graph:                  {"Graph activity", "whether mail, files or the directory were read"},
	streams.DirectoryGraph:         {"Azure AD Graph activity", ""},
	streams.Azure:                  {"Azure activity", "whether keys and connection strings were read"},
	streams.Risk:                   {"Microsoft's risk events", ""},
}

// logLines says which logs there are and what stays unknown without the others, a line each.
func logLines(logs []Log) []string {
	var out []string
	label := "logs"
	add := func(state, text string) {
		out = append(out, fmt.Sprintf("  %-14s %13s  %s", label, state, text))
		label = ""
	}
	var complete []string
	for _, l := range logs {
		if l.State == LogComplete {
			complete = append(complete, logWords[l.Category].name)
		}
	}
	if len(complete) > 0 {
		add("complete", and(complete))
	}
	for _, l := range logs {
		w := logWords[l.Category]
		text := w.name
		if l.State == LogPartly && l.Last != nil {
			text += ", the last record is of " + minute(*l.Last) + " UTC"
		}
		if w.unknown != "" {
			text += ": " + w.unknown + stays(l.State)
		}
		if l.State == LogPartly || l.State == LogSparse || l.State == LogMissing && w.unknown != "" {
			add(string(l.State), text)
		}
	}
	return out
}

// stays says what a log that is not all there leaves open.
func stays(s LogState) string {
	if s == LogMissing {
		return " stays unknown"
	}
	return " may stay unknown"
}
