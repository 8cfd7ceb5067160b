package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// Moment is one thing that happened in a case.
type Moment struct {
	Time    time.Time   `json:"time"`
	Hour    bool        `json:"toTheHour,omitempty"` // the time is known to the hour only: that of a read
	What    string      `json:"what"`
	Level   score.Level `json:"level,omitempty"` // of the strongest detection that speaks of it; empty where none does
	records []string
}

// maxStory bounds the moments that are told: the latest are left out, because an intruder's first steps say what he is.
const maxStory = 30

// story tells what happened in the order of time: how it was signed in to, what was changed on it and by it, what it read
// from where it never was, and what rules found beside that. What each record says is told once.
func story(c casefile.Case) []Moment {
	var out []Moment
	for _, d := range c.Detections {
		if d.Rule == "" && own(d) {
			out = append(out, Moment{Time: d.First, What: arrival(d), records: recordIDs(d)})
		}
	}
	for _, e := range c.Prepared {
		if !slices.ContainsFunc(c.Writes, func(w trail.Entry) bool { return w.Record == e.Record }) { // it changed itself
			out = append(out, Moment{Time: e.Time, What: changed(c, e), records: []string{e.Record}})
		}
	}
	for _, e := range c.Writes {
		out = append(out, Moment{Time: e.Time, What: "it " + plain(casefile.Did(e)), records: []string{e.Record}})
	}
	for _, x := range c.Exposed {
		if x.Suspect {
			out = append(out, Moment{Time: x.First, Hour: true, What: fmt.Sprintf("it read %s, from %s", plain(x.Object), cmp.Or(plain(x.IPAddress), plain(x.Network)))})
		}
	}
	out = append(out, found(c, out)...)
	for i := range out {
		out[i].Level = levelOf(c, out[i].records)
	}
	slices.SortStableFunc(out, func(a, b Moment) int { return a.order().Compare(b.order()) })
	return out
}

// order puts what is known to the hour at that hour's end.
func (m Moment) order() time.Time {
	if m.Hour {
		return m.Time.Add(time.Hour - time.Second)
	}
	return m.Time
}

// changed says who changed what. Of a setting the record's own words are kept by what was found only, with its value.
func changed(c casefile.Case, e trail.Entry) string {
	if i := slices.IndexFunc(c.Detections, func(d detect.Detection) bool {
		return d.Statement != "" && len(d.Records) == 1 && d.Records[0].ID == e.Record && e.Record != ""
	}); e.Act == trail.Configured && !strings.Contains(e.What, "://") && i >= 0 {
		return plain(c.Detections[i].Statement)
	}
	return cmp.Or(plain(e.ActorName), plain(e.Actor), "somebody the record does not name") + " " + plain(casefile.Did(e))
}

// found are the moments of detections that speak of a record which none of those before does, the narrowest first.
func found(c casefile.Case, told []Moment) []Moment {
	seen := map[string]bool{}
	for _, m := range told {
		for _, id := range m.records {
			seen[id] = true
		}
	}
	ds := slices.Clone(c.Detections)
	slices.SortStableFunc(ds, func(a, b detect.Detection) int {
		return cmp.Or(compare(follows(a), follows(b)), cmp.Compare(len(a.Records), len(b.Records)))
	})
	var out []Moment
	for _, d := range ds {
		i := slices.IndexFunc(d.Records, func(r detect.Record) bool { return !seen[r.ID] })
		if i < 0 || d.Statement == "" {
			continue
		}
		out = append(out, Moment{Time: d.Records[i].Time, What: plain(d.Statement), records: recordIDs(d)})
		for _, r := range d.Records {
			seen[r.ID] = true
		}
	}
	return out
}

// follows reports whether a detection only joins others with a sign-in.
func follows(d detect.Detection) bool { return strings.HasPrefix(d.Rule, "unfamiliarThen") }

func compare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// arrival says how a suspicious sign-in or call came: from where, for what, with which credential.
func arrival(d detect.Detection) string {
	what := "somebody signed in as it"
	if d.Type == detect.TypeAnomalousActivity {
		what = "a token of it was used"
	}
	if d.Last.Sub(d.First) >= time.Minute {
		what += times(d) + " until " + d.Last.UTC().Format("15:04")
	}
	for _, of := range []struct {
		word string
		of   func(detect.Record) string
	}{
		{" from ", func(r detect.Record) string { return r.IPAddress }}, {" for ", func(r detect.Record) string { return r.Resource }},
		{" with the credential ", func(r detect.Record) string { return r.KeyID }},
	} {
		if values := distinct(d, of.of); len(values) > 0 {
			what += of.word + and(few(plainAll(values)))
		}
	}
	return what
}

// own reports whether Rekey found it itself.
func own(d detect.Detection) bool { return d.Source == "" || d.Source == detect.SourceRekey }

func recordIDs(d detect.Detection) []string {
	out := make([]string, len(d.Records))
	for i, r := range d.Records {
		out[i] = r.ID
	}
	return out
}

// levelOf is the highest level of the detections that have one of the records.
func levelOf(c casefile.Case, records []string) score.Level {
	level := score.Level("")
	for _, d := range c.Detections {
		if slices.ContainsFunc(d.Records, func(r detect.Record) bool { return r.ID != "" && slices.Contains(records, r.ID) }) {
			level = score.Max(cmp.Or(level, score.LevelNone), d.Level)
		}
	}
	return level
}

// story writes the moments.
func (p *printer) story(c casefile.Case) {
	p.title("What happened (UTC)")
	ms := story(c)
	for _, m := range ms[:min(len(ms), maxStory)] {
		when := minute(m.Time)
		if m.Hour {
			when = m.Time.UTC().Format("2006-01-02 15") + " h "
		}
		mark := "      "
		if m.Level != "" {
			mark = p.level(m.Level)
		}
		p.wrapped("  "+when+"  "+mark+"  ", m.What)
	}
	if n := len(ms) - maxStory; n > 0 {
		p.raw("  and %s more, below", plural(n, "thing", "things"))
	}
	if usual := usualReads(c); usual != "" {
		p.wrapped("  ", usual)
	}
}

// usualReads says what it read as it always does: that is no part of the story, and may have been the intruder on its host.
func usualReads(c casefile.Case) string {
	var names []string
	for _, x := range c.Exposed {
		if !x.Suspect {
			names = append(names, plain(x.Object))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return ""
	}
	return "From where it usually is, it read " + and(few(names)) + ": its own work, unless the intruder is on its host."
}

// preparers are those who changed the principal and are suspects for it: they have a case of their own, or a detection speaks
// of what they did.
func preparers(c casefile.Case) []casefile.Link {
	var out []casefile.Link
	for _, l := range c.Linked {
		if l.Why == casefile.ChangedThis && slices.ContainsFunc(c.Prepared, func(e trail.Entry) bool { return e.Actor == l.Key && (l.Case != "" || suspicious(c, e)) }) {
			out = append(out, l)
		}
	}
	return out
}

// suspicious reports whether a detection speaks of a change.
func suspicious(c casefile.Case, e trail.Entry) bool {
	return levelOf(c, []string{e.Record}) != ""
}
