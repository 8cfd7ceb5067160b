package decide

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Line is who is called.
type Line string

// The lines.
const (
	FirstLine  Line = "first"
	SecondLine Line = "second"
)

// Reason is why somebody is called. Each has a page of its name in docs/playbooks.
type Reason string

// The reasons.
const (
	PageApprovalNeeded     Reason = "approval-needed"
	PageApprovalUnanswered Reason = "approval-unanswered"
	PageCapReached         Reason = "cap-reached"
	PageProofFailed        Reason = "proof-failed"
	PageOperationFailed    Reason = "operation-failed"
	PageJournalStuck       Reason = "journal-stuck"
	PageLedgerBroken       Reason = "ledger-broken"
)

// Call is one line of the paging contract: who is told of what, how long after it began.
type Call struct {
	Reason Reason
	Line   Line
	After  time.Duration
	What   string
}

// Contract is what must be told to whom and when. It is complete: nobody is called for anything else.
var Contract = []Call{
	{PageApprovalNeeded, FirstLine, 0, "a plan awaits approval"},
	{PageApprovalUnanswered, SecondLine, 15 * time.Minute, "nobody answered for 15 minutes"},
	{PageCapReached, FirstLine, 0, "the cap on automatic acts is reached: more is being done at once than was ever expected"},
	{PageProofFailed, FirstLine, 0, "the new certificate got no token: the principal is disabled"},
	{PageProofFailed, SecondLine, 0, "the new certificate got no token: the principal is disabled"},
	{PageOperationFailed, FirstLine, 0, "an operation stopped on the way: what is half done needs a person"},
	{PageJournalStuck, FirstLine, 10 * time.Minute, "an operation makes no progress"},
	{PageJournalStuck, SecondLine, 30 * time.Minute, "an operation makes no progress"},
	{PageLedgerBroken, FirstLine, 0, "the record of what was changed is damaged, or was tampered with"},
	{PageLedgerBroken, SecondLine, 0, "the record of what was changed is damaged, or was tampered with"},
}

// Page is one call to one line. It holds ids and never a secret.
type Page struct {
	ID        string    `json:"id"` // the same for the same call, however often it is made
	Reason    Reason    `json:"reason"`
	Line      Line      `json:"line"`
	Subject   string    `json:"subject"` // the operation or the record it is about
	Principal string    `json:"principal,omitempty"`
	Name      string    `json:"displayName,omitempty"` // chosen by whoever made the principal
	Text      string    `json:"text"`
	Since     time.Time `json:"since"`
	Playbook  string    `json:"playbook"`
}

// Concern is what a page is about.
type Concern struct {
	Reason    Reason
	Subject   string
	Principal string
	Name      string
	Detail    string    // added to the text; "" adds nothing
	Since     time.Time // since when it is so
}

// Pages returns the calls that are due about a concern.
func Pages(c Concern, now time.Time) []Page {
	var out []Page
	for _, call := range Contract {
		if call.Reason != c.Reason || now.Sub(c.Since) < call.After {
			continue
		}
		p := Page{
			Reason: c.Reason, Line: call.Line, Subject: c.Subject, Principal: c.Principal, Name: c.Name, Text: call.What, Since: c.Since.UTC(),
			Playbook: "docs/playbooks/" + string(c.Reason) + ".md",
		}
		if c.Detail != "" {
			p.Text += ": " + c.Detail
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "page\x00%s\x00%s\x00%s\x00%d", p.Reason, p.Line, p.Subject, c.Since.Unix()))
		p.ID = "page-" + hex.EncodeToString(sum[:8])
		out = append(out, p)
	}
	return out
}
