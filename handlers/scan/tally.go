package scan

import (
	"regexp"
	"strings"
	"time"

	"rekey/shared/event"
	"rekey/shared/report"
	"rekey/shared/streams"
)

// tally counts what a worker saw in the first pass.
type tally struct {
	decoded, signIns int64
	leftOut          int // files
	skipped          map[string]int64
	dead             map[string]int64
	first, last      time.Time
	streams          streams.Memory // which logs the files hold; their arrival is their own time
}

func newTally() tally { return tally{skipped: map[string]int64{}, dead: map[string]int64{}} }

func (t *tally) event(e *event.Event) {
	t.decoded++
	t.streams.Note(e, e.Time)
	if isSignIn(e) {
		t.signIns++
	}
	if t.first.IsZero() || e.Time.Before(t.first) {
		t.first = e.Time
	}
	if e.Time.After(t.last) {
		t.last = e.Time
	}
}

func isSignIn(e *event.Event) bool {
	return e.Kind == event.KindSignIn || e.Kind == event.KindManagedIdentitySignIn
}

// maxKinds bounds how many categories and reasons are told apart: both can be made up.
const maxKinds = 50

func count(counts map[string]int64, what string) {
	if _, ok := counts[what]; !ok {
		if len(counts) >= maxKinds {
			what = "other"
		}
		what = strings.Clone(what)
	}
	counts[what]++
}

func (t *tally) skip(category string) {
	if len(category) > 60 {
		category = category[:60]
	}
	count(t.skipped, category)
}

var (
	place  = regexp.MustCompile(`( at byte \d+|\b[0-9a-fA-F-]{32,})`)
	quoted = regexp.MustCompile(`"(\\.|[^"\\])*"(\.\.\.)?`)
	digits = regexp.MustCompile(`\d+`)
)

// reject counts by reason: an error's text without what is particular to one record.
func (t *tally) reject(err error) {
	s := quoted.ReplaceAllString(place.ReplaceAllString(err.Error(), ""), "…")
	s = digits.ReplaceAllString(s, "#")
	if len(s) > 120 {
		s = s[:120]
	}
	count(t.dead, strings.ToValidUTF8(s, "?"))
}

func (t *tally) add(u *tally) {
	t.decoded += u.decoded
	t.signIns += u.signIns
	t.leftOut += u.leftOut
	for k, n := range u.skipped {
		t.skipped[k] += n
	}
	for k, n := range u.dead {
		t.dead[k] += n
	}
	if !u.first.IsZero() && (t.first.IsZero() || u.first.Before(t.first)) {
		t.first = u.first
	}
	if u.last.After(t.last) {
		t.last = u.last
	}
	t.streams.Merge(&u.streams)
}

// health says which logs the files hold, and which of them fell silent before the newest record of all.
func (t *tally) health() streams.Health { return t.streams.Health(t.streams.Newest()) }

// watched is how far back it can be said whether a log came in: package streams remembers 28 days.
const watched = 27 * 24 * time.Hour

// logs says of each log whether the files hold all of it.
func (t *tally) logs(h streams.Health) []report.Log {
	var out []report.Log
	from := t.first
	if earliest := t.last.Add(-watched); from.Before(earliest) {
		from = earliest
	}
	for _, st := range h.All() {
		l := report.Log{Category: st.Category, State: report.LogMissing}
		if st.State != streams.NeverSeen {
			l.State = report.LogPartly
			last := st.Since
			l.Last = &last
		}
		switch known, flowing := h.Flowing(st.Category, from, t.last); {
		case st.State == streams.NeverSeen:
		case known && flowing:
			l.State = report.LogComplete
		case !known:
			l.State = report.LogSparse
		}
		out = append(out, l)
	}
	return out
}

// summary is what the tally says.
func (t *tally) summary() report.Summary {
	s := report.Summary{LeftOut: t.leftOut, Decoded: t.decoded, SignIns: t.signIns, Skipped: t.skipped, DeadLettered: t.dead}
	s.Records = t.decoded
	for _, counts := range []map[string]int64{t.skipped, t.dead} {
		for _, n := range counts {
			s.Records += n
		}
	}
	if !t.first.IsZero() {
		first, last := t.first.UTC(), t.last.UTC()
		s.First, s.Last = &first, &last
	}
	return s
}
