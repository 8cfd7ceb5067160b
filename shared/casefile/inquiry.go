package casefile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/score"
)

// Answers of an owner.
const (
	Ours    = "ours"    // it was us: this vouches for a while
	NotOurs = "notOurs" // it was not
)

const (
	inquiryTerm = 4 * time.Hour       // within which an owner is expected to answer
	vouchTerm   = 30 * 24 * time.Hour // for which "ours" counts
)

// Inquiry is a question to the owner of an application, and his answer. It is written down by whoever asked; Rekey knows
// no owner's address.
type Inquiry struct {
	ID       string    `json:"id"`
	Case     string    `json:"case"`
	To       string    `json:"to"` // whom, in words: a name or an address
	Question string    `json:"question"`
	Asked    time.Time `json:"asked"`
	AskedBy  string    `json:"askedBy"`
	Deadline time.Time `json:"deadline"`
	Answer   string    `json:"answer,omitempty"` // Ours, NotOurs, or empty as long as there is none
	By       string    `json:"answeredBy,omitempty"`
	Note     string    `json:"note,omitempty"`
	Answered time.Time `json:"answered,omitzero"`
}

// maxInquiry bounds each text of an inquiry.
const maxInquiry = 500

// Ask makes the question to an owner about a case. The same question asked twice is one.
func Ask(c Case, to, by string, now time.Time) (Inquiry, error) {
	to = strings.TrimSpace(to)
	if to == "" || len(to) > maxInquiry || by == "" || len(by) > maxInquiry {
		return Inquiry{}, fault.Errorf(fault.Denied, "asking the owner: name whom is asked and who asks, each in at most %d bytes", maxInquiry)
	}
	sum := sha256.Sum256([]byte(c.ID + "\x00" + to + "\x00" + now.UTC().Format(time.DateOnly)))
	return Inquiry{
		ID: hex.EncodeToString(sum[:8]), Case: c.ID, To: to, Question: question(c), Asked: now.UTC(), AskedBy: by, Deadline: now.UTC().Add(inquiryTerm),
	}, nil
}

// question asks about what was seen, in words that an owner understands.
func question(c Case) string {
	name := c.Principal.Name
	if name == "" {
		name = c.Principal.Key()
	}
	seen := ""
	if len(c.Detections) > 0 {
		d := c.Detections[0]
		switch seen = d.Statement; {
		case seen == "":
			seen = "it signed in from " + d.Subject
		}
		seen = fmt.Sprintf(" On %s: %s.", d.First.UTC().Format("2 January 2006 at 15:04 UTC"), seen)
	}
	return fmt.Sprintf("Something unusual was seen of your application %q.%s Was this you or your team: was something moved, released, rotated or run by hand? "+
		"Answer \"ours\" only if you know what it was.", name, seen)
}

// Reply notes the owner's answer. An answer stands: another one needs another question.
func (q Inquiry) Reply(answer, by, note string, now time.Time) (Inquiry, error) {
	switch {
	case answer != Ours && answer != NotOurs:
		return q, fault.Errorf(fault.Denied, "answering inquiry %s: %q is no answer: %s or %s", q.ID, answer, Ours, NotOurs)
	case q.Answer != "":
		return q, fault.Errorf(fault.Conflict, "answering inquiry %s: %s has answered %q already: ask again", q.ID, q.By, q.Answer)
	case by == "" || len(by) > maxInquiry || len(note) > maxInquiry:
		return q, fault.Errorf(fault.Denied, "answering inquiry %s: name who answers; his name and the note have at most %d bytes", q.ID, maxInquiry)
	}
	q.Answer, q.By, q.Note, q.Answered = answer, by, note, now.UTC()
	return q, nil
}

// Vouches reports whether the owner said that it was his own, and lately enough to count. A nil Inquiry vouches for
// nothing.
func (q *Inquiry) Vouches(now time.Time) bool {
	return q != nil && q.Answer == Ours && now.Sub(q.Answered) < vouchTerm
}

// Late reports whether an answer is overdue.
func (q *Inquiry) Late(now time.Time) bool {
	return q != nil && q.Answer == "" && now.After(q.Deadline)
}

// heard is a case's level after its owner was heard. "Ours" lowers what is not high by one step and never closes a high
// case: whoever copied the credential may have the owner's mailbox, too. "Not ours" makes it high.
func (q *Inquiry) heard(l score.Level, now time.Time) score.Level {
	switch {
	case q == nil:
	case q.Answer == NotOurs && now.Sub(q.Answered) < vouchTerm:
		return score.LevelHigh
	case q.Vouches(now) && l == score.LevelMedium:
		return score.LevelLow
	}
	return l
}
