package baseline

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"rekey/shared/fault"
)

// MaxEvidenceBytes bounds encoded Evidence.
const MaxEvidenceBytes = 16 << 10

// Kinds of note. A harmful act is what an intruder does next; failures and findings only inform.
const (
	NoteFailure         = "failure"         // a failed sign-in, one note a day, code and address
	NoteFinding         = "finding"         // a risk finding of Microsoft's
	NoteCredentialAdded = "credentialAdded" // a certificate, secret or federated credential was added
	NoteOwnerAdded      = "ownerAdded"
	NoteRoleGranted     = "roleGranted"   // an app role or directory role
	NoteConfiguration   = "configuration" // redirect URIs and the like changed
	NoteSecretRead      = "secretRead"    // a vault's secret was read, one note a day and secret
	NoteSecretDenied    = "secretDenied"  // a vault refused
)

// keep says how many notes of a kind are kept: the newest. Kinds have room of their own, so that a flood of failures
// cannot push out an act.
var keep = map[string]int{
	NoteFailure: 7, NoteFinding: 4, NoteCredentialAdded: 6, NoteOwnerAdded: 2, NoteRoleGranted: 4,
	NoteConfiguration: 2, NoteSecretRead: 8, NoteSecretDenied: 2,
}

const (
	maxNoteID   = 64
	maxNoteText = 80
)

// Note is one thing worth remembering about a principal for a while. Its ID is made from what happened, so a
// redelivered record is the same note.
type Note struct {
	Kind   string    `json:"kind"`
	ID     string    `json:"id"`
	Time   time.Time `json:"time"`
	What   string    `json:"what"`
	Actor  string    `json:"actor,omitempty"` // who did it: a principal's key or "user:" and an id
	Caller string    `json:"caller,omitempty"`
	KeyID  string    `json:"keyId,omitempty"`
}

// Evidence is what is known of one principal's last days: notes, where its newest tokens were issued to, how many sign-ins
// each hour had, and which failed; beside these which federated credentials it used, and whose tenant it is from. Like
// Profile it merges in any order: the newest survive, ties broken by what they say. The zero Evidence is empty and ready.
type Evidence struct {
	notes     []Note
	tokens    []Token
	hours     Hours
	failures  Failures
	federated set
	owner     string
}

// Add keeps a note. Texts are cut to a printable length; a note of an unknown kind is dropped.
func (e *Evidence) Add(n Note) {
	n.ID, n.What = printable(n.ID, maxNoteID), printable(n.What, maxNoteText)
	n.Actor, n.Caller, n.KeyID = printable(n.Actor, 44), printable(n.Caller, 40), printable(n.KeyID, 40)
	n.Time = n.Time.UTC().Truncate(time.Second)
	if keep[n.Kind] == 0 {
		return
	}
	i, found := slices.BinarySearchFunc(e.notes, n, newestFirst)
	if found {
		return
	}
	if j := slices.IndexFunc(e.notes, func(o Note) bool { return o.Kind == n.Kind && o.ID == n.ID }); j >= 0 {
		if j < i { // a newer note of the same thing stands already
			return
		}
		e.notes = slices.Delete(e.notes, j, j+1)
	}
	e.notes = slices.Insert(e.notes, i, n)
	e.trim(n.Kind)
}

func (e *Evidence) trim(kind string) {
	room := keep[kind]
	e.notes = slices.DeleteFunc(e.notes, func(n Note) bool {
		if n.Kind == kind {
			room--
		}
		return n.Kind == kind && room < 0
	})
}

// newestFirst is a total order over everything a note says.
func newestFirst(a, b Note) int {
	return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What),
		cmp.Compare(a.Actor, b.Actor), cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.KeyID, b.KeyID))
}

// Merge adds what f knows. It is commutative, associative and idempotent.
func (e *Evidence) Merge(f *Evidence) {
	for _, n := range f.notes {
		e.Add(n)
	}
	for _, t := range f.tokens {
		e.issue(t)
	}
	e.hours.hours.merge(&f.hours.hours)
	e.failures.merge(&f.failures)
	e.federated.merge(&f.federated, maxFederated)
	e.owner = max(e.owner, f.owner)
}

// Notes returns the notes, newest first.
func (e *Evidence) Notes() []Note { return slices.Clone(e.notes) }

// Find returns the newest note of a kind that a test accepts, and false when there is none. A nil Evidence has none.
func (e *Evidence) Find(kind string, accept func(*Note) bool) (Note, bool) {
	if e == nil {
		return Note{}, false
	}
	for i := range e.notes {
		if e.notes[i].Kind == kind && accept(&e.notes[i]) {
			return e.notes[i], true
		}
	}
	return Note{}, false
}

// Forget drops notes older than t; only upkeep does.
func (e *Evidence) Forget(t time.Time) {
	e.notes = slices.DeleteFunc(e.notes, func(n Note) bool { return n.Time.Before(t) })
}

// evidenceVersion 3 is a version byte, the tokens, the hours, the failures, the federated credentials, the owner's tenant
// after its length, and the notes as JSON. Version 2 had none of failures, federated credentials and owner. Version 1 was
// JSON alone, and begins with a brace.
const evidenceVersion = 3

// evidenceForm is version 1, and the end of later ones.
type evidenceForm struct {
	Version int    `json:"version"`
	Notes   []Note `json:"notes"`
}

// AppendBinary appends the encoded evidence to b: equal evidence has equal bytes.
func (e *Evidence) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, evidenceVersion)
	b = appendTokens(b, e.tokens)
	b = e.hours.hours.append(b, hourBytes)
	b = e.federated.append(e.failures.append(b))
	b = append(append(b, byte(len(e.owner))), e.owner...)
	out, err := json.Marshal(evidenceForm{evidenceVersion, e.notes})
	return append(b, out...), err
}

// UnmarshalBinary replaces the evidence by the encoded one, with the errors of Profile.UnmarshalBinary.
func (e *Evidence) UnmarshalBinary(b []byte) error {
	*e = Evidence{}
	if len(b) > 0 && b[0] != '{' {
		if b[0] > evidenceVersion {
			return fault.Errorf(fault.Denied, "decoding evidence: version %d is newer than this program's %d: upgrade it", b[0], evidenceVersion)
		}
		r := reader{b: b[1:]}
		e.tokens = readTokens(&r)
		e.hours.hours.read(&r, hourBytes)
		if b[0] > 2 {
			e.failures.read(&r)
			e.federated.read(&r, maxFederated)
			e.readOwner(&r)
		}
		if r.bad {
			return fault.Errorf(fault.Poison, "decoding evidence: damaged, %d bytes in all", len(b))
		}
		b = r.b
	}
	var f evidenceForm
	if err := json.Unmarshal(b, &f); err != nil {
		return fault.Errorf(fault.Poison, "decoding evidence: %v", err)
	}
	for _, n := range f.Notes {
		e.Add(n)
	}
	return nil
}

// printable returns a copy of s, cut to at most n bytes of plain characters, so that its JSON is no longer than itself.
func printable(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' || r == '<' || r == '>' || r == '&' {
			return '_'
		}
		return r
	}, s)
	return strings.Clone(s[:min(len(s), n)])
}
