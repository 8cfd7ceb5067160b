package casefile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/score"
)

// lead is how long before the first suspicious event changes are suspect, too.
const lead = 24 * time.Hour

// Facts are what a case is built from: everything that is kept about one principal.
type Facts struct {
	Principal  event.Principal
	Detections []detect.Detection // at least one
	Profile    *baseline.Profile
	Notes      []baseline.Note // of the principal and of its application
	Users      baseline.Dependence
	Exposure   *exposure.Index // what the principal read; nil when that is not known
}

// Build makes the case. It is a pure function: the same facts give the same case, whoever builds it.
func Build(f Facts, now time.Time) Case {
	detections := slices.Clone(f.Detections)
	slices.SortFunc(detections, strongest)
	f.Detections = happened(detections)
	c := Case{
		ID: id(f), Principal: f.Principal, Detections: detections, Updated: now, Window: window(f.Detections),
		KeyIDs: keyIDs(f.Detections), Level: score.LevelNone, Opened: now, Harm: []Harm{},
	}
	for _, d := range f.Detections {
		c.Level = score.Max(c.Level, d.Level)
		if d.Detected.Before(c.Opened) {
			c.Opened = d.Detected
		}
	}
	c.Harm = harm(f.Notes, f.Detections, c.Window)
	c.OldSource = oldSource(f.Profile, c)
	c.Users = f.Users.Busiest(baseline.DayOf(now))
	c.Exposed, c.MoreExposed = exposed(f.Exposure, c.Window)
	c.Answers = answers(f, c)
	return c
}

// happened returns the detections of what happened. What a look at the inventory found is listed in the case, and
// neither opens nor dates nor raises it: a redirect URI that dangles is no intrusion.
func happened(ds []detect.Detection) []detect.Detection {
	if out := detect.Happened(ds); len(out) > 0 {
		return out
	}
	return ds
}

// id is made from the principal and the earliest detection, so that later evidence joins the case.
func id(f Facts) string {
	first := slices.MinFunc(f.Detections, func(a, b detect.Detection) int {
		return cmp.Or(a.Detected.Compare(b.Detected), cmp.Compare(a.ID, b.ID))
	})
	sum := sha256.Sum256([]byte(f.Principal.Key() + "\x00" + first.ID))
	return hex.EncodeToString(sum[:10])
}

func strongest(a, b detect.Detection) int {
	return cmp.Or(cmp.Compare(b.Bits, a.Bits), a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
}

// window is when the principal was used by somebody else. What rules found, directory changes and first reads, counts only
// where nothing else was found: a new owner long before would else make everything since suspect, and what the rightful
// workload reads long after would make old sign-ins fresh.
func window(all []detect.Detection) Window {
	ds := slices.DeleteFunc(slices.Clone(all), func(d detect.Detection) bool { return d.Source == detect.SourceRekey && d.Rule != "" })
	if len(ds) == 0 {
		ds = all
	}
	w := Window{From: ds[0].First, To: ds[0].Last}
	for _, d := range ds {
		if d.First.Before(w.From) {
			w.From = d.First
		}
		if d.Last.After(w.To) {
			w.To = d.Last
		}
	}
	w.From = w.From.Add(-lead)
	return w
}

func keyIDs(ds []detect.Detection) []string {
	out := []string{}
	for _, d := range ds {
		out = append(out, d.KeyIDs...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var harmful = []string{
	baseline.NoteCredentialAdded, baseline.NoteOwnerAdded, baseline.NoteRoleGranted, baseline.NoteSecretRead,
}

// NewReads are the rules of package exposure that say that something was read which the principal did not read before. Its
// own daily reads do no harm.
var NewReads = []string{
	"vaultFirstUse", "secretFirstRead", "secretMassRead", "vaultListedThenRead", "vaultRefusedThenRead", "vaultExport", "resourceKeysRead",
}

func readNew(ds []detect.Detection, w Window) bool {
	return slices.ContainsFunc(ds, func(d detect.Detection) bool { return slices.Contains(NewReads, d.Rule) && !d.Last.Before(w.From) })
}

// harm lists the harmful acts in the window, earliest first. What happened after the last suspicious sign-in counts.
func harm(notes []baseline.Note, ds []detect.Detection, w Window) []Harm {
	out := []Harm{}
	for _, n := range notes {
		if n.Kind == baseline.NoteSecretRead && !readNew(ds, w) {
			continue
		}
		if slices.Contains(harmful, n.Kind) && !n.Time.Before(w.From) {
			out = append(out, Harm{Kind: n.Kind, Time: n.Time, What: n.What, Record: n.ID})
		}
	}
	slices.SortFunc(out, func(a, b Harm) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Record, b.Record)) })
	return slices.Compact(out)
}

// oldSource looks for the principal's known network at work beside the suspicious one. A stranger who comes out of the
// known network itself cannot be told from it.
func oldSource(p *baseline.Profile, c Case) OldSource {
	if !slices.ContainsFunc(c.Detections, func(d detect.Detection) bool { return score.Moved(d.Contributions) }) {
		return OldSource{}
	}
	w := c.Window
	v := p.Before(baseline.DayOf(w.From.Add(lead)))
	for _, prop := range []baseline.Property{baseline.ASN, baseline.Prefix} {
		if last, ok := v.LastUse(prop); ok {
			seen := last.Time()
			return OldSource{LastSeen: seen, Active: !seen.Before(w.To.Add(-lead))}
		}
	}
	return OldSource{}
}

// answers goes through the questions a defender asks about sign-ins and what followed.
func answers(f Facts, c Case) []Answer {
	return []Answer{
		shows(c, "Is the application accessing unusual resources?", baseline.Resource),
		tooMany(f.Profile, c),
		shows(c, "Is the application active at the wrong times of day?", baseline.HourBlock),
		shows(c, "Are sign-ins made from an unrecognized IP address?", baseline.ASN, baseline.Prefix, baseline.Address),
		did(c, "Were credentials added?", "auditlogs", baseline.NoteCredentialAdded),
		did(c, "Were owners or roles added?", "auditlogs", baseline.NoteOwnerAdded, baseline.NoteRoleGranted),
		secretsRead(c),
	}
}

// shows answers yes when a detection has a contribution of one of the properties.
func shows(c Case, question string, properties ...baseline.Property) Answer {
	for _, d := range c.Detections {
		for _, k := range d.Contributions {
			for _, p := range properties {
				if k.Name == p.String() {
					return Answer{question, "yes", k.Value + ": " + k.Why, records(d)}
				}
			}
		}
	}
	return Answer{Question: question, Value: "no", Why: "no suspicious sign-in shows it"}
}

func records(d detect.Detection) []string {
	out := make([]string, len(d.Records))
	for i, r := range d.Records {
		out[i] = r.ID
	}
	return out
}

// many is how much busier than its busiest day a day must be; counts are estimates with an error of a quarter.
const many = 4

func tooMany(p *baseline.Profile, c Case) Answer {
	a := Answer{Question: "Are there too many sign-ins given the expected behavior?", Value: "no"}
	day := baseline.DayOf(c.Window.To)
	today, most := p.Volume().On(day), p.Volume().MaxBefore(day)
	switch {
	case most == 0:
		a.Value = "unknown"
	case today > many*most:
		a.Value = "yes"
	}
	a.Why = fmt.Sprintf("about %.0f sign-ins on %s, about %.0f on the busiest day before", today, day, most)
	return a
}

// did answers from the harmful acts. Without one the answer is unknown: a silent log and a missing one look alike.
func did(c Case, question, hub string, kinds ...string) Answer {
	a := Answer{Question: question, Value: "unknown", Why: "nothing in the records that came from " + hub}
	for _, h := range c.Harm {
		if slices.Contains(kinds, h.Kind) {
			a.Value, a.Why = "yes", h.What
			a.Records = append(a.Records, h.Record)
		}
	}
	return a
}
