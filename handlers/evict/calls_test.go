package evict_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

var update = flag.Bool("update", false, "write the table of calls anew")

// counted are the kinds of plan in the table, with what they are to a reader.
var counted = []struct{ kind, what string }{
	{"credentials alone", "an application with one principal, two certificates, three client secrets and a federated credential"},
	{"whole identity", "the same with everything that an intruder can add, Identity Protection and ways into a vault, watched"},
	{"SAML kept", "an application with SAML sign-on, Identity Protection"},
	{"planted elsewhere", "three credentials planted on another application, Identity Protection"},
	{"user-assigned managed identity", "a managed identity with an Azure role, a permission, a federated credential and a machine"},
	{"containment alone", "containment alone"},
}

// calls counts the requests of an undisturbed operation.
func calls(t *testing.T, k kind) string {
	t.Helper()
	var row string
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, k)
		if err := l.toTheEnd(); err != nil {
			t.Fatal(err)
		}
		var all, changes, keys, paced, azure int
		for _, r := range l.requests {
			all++
			if !strings.HasPrefix(r, "GET ") {
				changes++
			}
			if strings.HasPrefix(r, "GET ") && strings.Contains(r, "$select=keyCredentials ") {
				keys++
			}
			if strings.Contains(r, "/identityProtection/") {
				paced++
			}
			if strings.Contains(r, "/subscriptions/") {
				azure++
			}
		}
		row = fmt.Sprintf("%d | %d | %d | %d | %d | %d", all, changes, all-changes, keys, paced, azure)
	})
	return row
}

const (
	tableBegins = "<!-- calls: written by go test ./handlers/evict -run TestTheNoteStatesTheCallsOfAnEviction -update -->\n"
	tableEnds   = "<!-- end of calls -->\n"
)

func TestTheNoteStatesTheCallsOfAnEviction(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "graph-refusals.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), tableBegins)
	have, after, ended := strings.Cut(rest, tableEnds)
	if !ok || !ended {
		t.Fatalf("%s has no table between %q and %q", path, tableBegins, tableEnds)
	}
	want := "| what is evicted | requests | changes | reads | of certificates (R54) | of Identity Protection (R55) | of Azure |\n|---|---|---|---|---|---|---|\n"
	for _, c := range counted {
		want += "| " + c.what + " | " + calls(t, kinds[c.kind]) + " |\n"
	}
	if have == want {
		return
	}
	if !*update {
		t.Errorf("%s says\n%s\nand it takes\n%s\n(-update writes it)", path, have, want)
		return
	}
	if err := os.WriteFile(path, []byte(before+tableBegins+want+tableEnds+after), 0o600); err != nil {
		t.Fatal(err)
	}
}
