package casefile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/exposure"
	"rekey/shared/pattern"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// lead is how long before the first suspicious event changes are suspect, too.
const lead = 24 * time.Hour

// Facts are what a case is built from: everything that is kept about one principal. At least one detection is among them.
type Facts struct {
	pattern.Facts
	Notes        []baseline.Note // of the principal and of its application
	Users        baseline.Dependence
	Exposure     *exposure.Index // what the principal read; nil when that is not known
	MoreChanges  bool            // there were more changes on it than Facts.Changes has
	MoreActs     bool            // there were more changes by it than Facts.Acts has
	Directory    *Directory      // what Graph says; nil when it could not be asked
	Inquiry      *Inquiry        // the newest question to its owner
	Looked       time.Time       // when the weekly look at the inventory last ended; zero: never
	RelatedCases []Link          // cases of others, by key; Why is not set
	ReadFrom     []Link          // applications whose credentials the principal read in vaults; Why is not set

	// Flowing tells whether a log came in all through a time, as streams.Health does; nil when nobody knows.
	Flowing func(category string, from, to time.Time) (known, flowing bool)
}

// Build makes the case. It is a pure function: the same facts give the same case, whoever builds it.
func Build(f Facts, now time.Time) Case {
	state, detail := detect.Stand(f.Detections)
	detections := standing(f.Detections)
	slices.SortFunc(detections, strongest)
	f.Detections = happened(detections)
	c := Case{
		ID: id(f), Principal: f.Principal, Detections: detections, Updated: now, Window: window(f.Detections),
		KeyIDs: keyIDs(f.Detections), Level: score.LevelNone, State: state, Detail: detail, Opened: now, Harm: []Harm{}, Directory: f.Directory, Owner: f.Inquiry,
	}
	for _, d := range f.Detections {
		c.Level = score.Max(c.Level, d.Level)
		if d.Detected.Before(c.Opened) {
			c.Opened = d.Detected
		}
	}
	c.Level = f.Inquiry.heard(c.Level, now)
	c.Harm = harm(f.Notes, f.Detections, c.Window)
	c.OldSource = oldSource(f.Profile, c)
	c.Users = f.Users.Busiest(baseline.DayOf(now))
	c.Exposed, c.MoreExposed = exposed(f.Exposure, c.Window, placesOf(f.Detections))
	c.Writes, c.MoreWrites = since(f.Acts, c.Window.From), f.MoreActs
	c.Prepared, c.MorePrepared = since(f.Changes, c.Window.From), f.MoreChanges
	c.Linked = linked(&f, &c)
	c.Answers = answers(&f, &c)
	return c
}

// standing returns the detections that are held against the principal: the open ones. A closed case keeps all it had.
func standing(ds []detect.Detection) []detect.Detection {
	if open := detect.Open(ds); len(detect.Happened(open)) > 0 {
		return open
	}
	return slices.Clone(ds)
}

// happened returns the detections of what happened. What a look at the inventory found is listed in the case, and
// neither opens nor dates nor raises it: a redirect URI that dangles is no intrusion.
func happened(ds []detect.Detection) []detect.Detection {
	if out := detect.Happened(ds); len(out) > 0 {
		return out
	}
	return ds
}

// since returns the changes from a time on, earliest first.
func since(es []trail.Entry, from time.Time) []trail.Entry {
	var out []trail.Entry
	for _, e := range es {
		if !e.Time.Before(from) {
			out = append(out, e)
		}
	}
	slices.Reverse(out)
	return out
}

// linked lists who changed the principal, and what it changed: each once, what has a case of its own first.
func linked(f *Facts, c *Case) []Link {
	var out []Link
	add := func(key, name, why string) {
		if key == "" || key == c.Principal.Key() || key == "app:"+c.Principal.AppID || f.World.IsRekey(key) || slices.ContainsFunc(out, func(l Link) bool { return l.Key == key }) {
			return
		}
		l := Link{Key: key, Name: name, Why: why}
		if i := slices.IndexFunc(f.RelatedCases, func(l Link) bool { return l.Key == key }); i >= 0 {
			l.Case, l.Level = f.RelatedCases[i].Case, f.RelatedCases[i].Level
		}
		out = append(out, l)
	}
	for _, e := range c.Prepared {
		add(e.Actor, e.ActorName, ChangedThis)
	}
	for _, e := range c.Writes {
		add(e.Target, e.TargetName, ChangedByThis)
	}
	for _, d := range c.Detections {
		add(d.By, "", ReadFromThis)
	}
	for _, l := range f.ReadFrom {
		add(l.Key, l.Name, ReadByThis)
	}
	slices.SortStableFunc(out, func(a, b Link) int { return cmp.Compare(len(b.Case), len(a.Case)) })
	return out[:min(len(out), maxLinked)]
}

// Why an identity is linked.
const (
	ChangedThis   = "changed this principal"
	ChangedByThis = "was changed by this principal"
	ReadFromThis  = "read a credential of this principal in a vault"
	ReadByThis    = "has a credential in a vault, which this principal read"
)

// maxLinked bounds the links of a case.
const maxLinked = 32

// id is made from the principal and the earliest detection, so that later evidence joins the case.
func id(f Facts) string {
	first := slices.MinFunc(f.Detections, func(a, b detect.Detection) int {
		return cmp.Or(a.Detected.Compare(b.Detected), cmp.Compare(a.ID, b.ID))
	})
	sum := sha256.Sum256([]byte(f.Principal.Key() + "\x00" + first.ID))
	return hex.EncodeToString(sum[:10])
}

// strongest orders detections by level, and by bits only within one: what a rule found has none, and a high one tells more
// of a case than a low sign-in.
func strongest(a, b detect.Detection) int {
	if a.Level != b.Level {
		if a.Level.AtLeast(b.Level) {
			return -1
		}
		return 1
	}
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
