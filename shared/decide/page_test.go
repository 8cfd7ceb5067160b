package decide_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rekey/shared/decide"
)

func TestWhoIsCalledForWhat(t *testing.T) {
	since := now.Add(-20 * time.Minute)
	tests := map[string]struct {
		reason decide.Reason
		after  time.Duration
		want   string
	}{
		"a plan awaits approval":                   {decide.PageApprovalNeeded, 0, "first"},
		"nobody answered for 14 minutes":           {decide.PageApprovalUnanswered, 14 * time.Minute, ""},
		"nobody answered for 15 minutes":           {decide.PageApprovalUnanswered, 15 * time.Minute, "second"},
		"the cap is reached":                       {decide.PageCapReached, 0, "first"},
		"the proof failed":                         {decide.PageProofFailed, 0, "first second"},
		"no progress for nine minutes":             {decide.PageJournalStuck, 9 * time.Minute, ""},
		"no progress for ten minutes":              {decide.PageJournalStuck, 10 * time.Minute, "first"},
		"no progress for half an hour":             {decide.PageJournalStuck, 30 * time.Minute, "first second"},
		"the ledger is broken":                     {decide.PageLedgerBroken, 0, "first second"},
		"something that is not in the contract":    {"weather", time.Hour, ""},
		"an operation that stopped on the way":     {decide.PageOperationFailed, 0, "first"},
		"a clock that is behind calls nobody late": {decide.PageApprovalUnanswered, -time.Minute, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := decide.Concern{Reason: tt.reason, Subject: "op-1", Since: since}
			pages, again := decide.Pages(c, since.Add(tt.after)), decide.Pages(c, since.Add(tt.after+time.Second))
			var lines []string
			for i, p := range pages {
				lines = append(lines, string(p.Line))
				if p.ID != again[i].ID || p.Text == "" || p.Playbook == "" {
					t.Errorf("%+v, and a second later %+v", p, again[i])
				}
			}
			if got := strings.Join(lines, " "); got != tt.want {
				t.Errorf("called: %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEveryCallHasItsPlaybook(t *testing.T) {
	for _, c := range decide.Contract {
		page := filepath.Join("..", "..", "docs", "playbooks", string(c.Reason)+".md")
		b, err := os.ReadFile(page)
		if err != nil || !strings.Contains(string(b), "# "+string(c.Reason)+"\n") || !strings.Contains(string(b), "## What not to do") {
			t.Errorf("%s: %v", page, err)
		}
	}
}
