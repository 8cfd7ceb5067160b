package watch

import (
	"cmp"
	"slices"
	"strings"

	"rekey/shared/baseline"
	"rekey/shared/conduct"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

// Conduct judges one principal's day beside the model: failed sign-ins, and what only many days show. It merges in any order.
type Conduct struct {
	facts conduct.Facts
	view  baseline.View
	shown map[conduct.Mark][]event.Event // the earliest records of each mark, at most detect.MaxRecords
}

// NewConduct begins to judge a day.
func NewConduct(day baseline.Day, s *State, h baseline.Hasher) *Conduct {
	return &Conduct{
		facts: conduct.Facts{Hasher: h, Day: day, Profile: &s.Profile, Evidence: &s.Evidence}, view: s.Profile.Before(day),
	}
}

// Event adds a sign-in of the day, failed or not. What is kept of it is cloned.
func (c *Conduct) Event(e *event.Event, v *baseline.Values) {
	if m, ok := conduct.MarkOf(e, v, c.view, c.facts.Evidence); ok {
		c.show(m, e)
	}
}

func (c *Conduct) show(m conduct.Mark, e *event.Event) {
	if c.shown == nil {
		c.facts.Marks, c.shown = map[conduct.Mark]bool{}, map[conduct.Mark][]event.Event{}
	}
	c.facts.Marks[m] = true
	list := c.shown[m]
	i, found := slices.BinarySearchFunc(list, e, func(a event.Event, b *event.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	if found || i == detect.MaxRecords {
		return
	}
	list = slices.Insert(list, i, citedSignIn(e))
	c.shown[m] = list[:min(len(list), detect.MaxRecords)]
}

// citedSignIn is what a detection cites of a sign-in.
func citedSignIn(e *event.Event) event.Event {
	x := cited(e)
	x.SignIn = event.SignIn{
		ErrorCode: e.SignIn.ErrorCode, ResourceName: strings.Clone(e.SignIn.ResourceName),
		UserAgent: strings.Clone(e.SignIn.UserAgent), CredentialKeyID: strings.Clone(e.SignIn.CredentialKeyID),
	}
	return x
}

func (c *Conduct) merge(o *Conduct) {
	for m, list := range o.shown {
		for i := range list {
			c.show(m, &list[i])
		}
	}
}

// Detections returns what the day shows, as far as one of the records is at hand. The day of the principal's sign-ins and that
// of its reads may be nil.
func (c *Conduct) Detections(d *Day, a *Acts) []detect.Detection {
	if d != nil {
		c.facts.Loud = d.loud()
	}
	if a != nil {
		c.facts.Reads, c.facts.Before = a.activity, a.view
	}
	var out []detect.Detection
	for _, f := range conduct.Judge(c.facts) {
		if x, ok := c.detection(&f, d, a); ok {
			out = append(out, x)
		}
	}
	return out
}

// detection makes one of a finding: it cites the records of its marks, the reads of its objects, or, when it is about the days
// before, the day's first sign-in.
func (c *Conduct) detection(f *conduct.Finding, d *Day, a *Acts) (detect.Detection, bool) {
	claim := detect.Claim{Rule: f.Rule, Type: f.RiskType, Level: f.Level, Subject: f.Subject, What: f.What}
	var records []event.Event
	for _, m := range f.Marks {
		records = append(records, c.shown[m]...)
	}
	for _, object := range f.Objects {
		if e, ok := a.shown[object]; ok {
			records = append(records, e)
		}
	}
	if len(f.Marks)+len(f.Objects) == 0 && d != nil && d.first.ID != "" {
		return detect.ClaimedOf(d.first, claim), true
	}
	var out detect.Detection
	for i := range records {
		claim.Principal = records[i].Principal
		x := detect.Claimed(&records[i], claim)
		if out.ID != "" {
			x, _ = detect.Raise(out, x)
		}
		out = x
	}
	return out, out.ID != ""
}

// loud reports whether a sign-in of the day is held for medium or more.
func (d *Day) loud() bool {
	for _, x := range d.found {
		if x.Level.AtLeast(score.LevelMedium) {
			return true
		}
	}
	return false
}

// conductOf returns the judge of a principal's day beside the model.
func (j *Judge) conductOf(key principalDay) *Conduct {
	c := j.conduct[key]
	if c == nil {
		c = NewConduct(key.day, key.state, j.watch.config.Hasher)
		j.conduct[key] = c
	}
	return c
}

// behave adds what the days show beside the model to what was found.
func (j *Judge) behave() {
	keys := map[principalDay]bool{}
	for key := range j.days {
		keys[key] = true
	}
	for key := range j.reads {
		keys[key] = true
	}
	for key := range j.conduct {
		keys[key] = true
	}
	var tried []detect.Detection
	for key := range keys {
		c := j.conduct[key]
		if c == nil {
			c = NewConduct(key.day, key.state, j.watch.config.Hasher)
		}
		for _, x := range c.Detections(j.days[key], j.reads[key]) {
			if _, _, ok := Arrival(&x); ok {
				tried = append(tried, x)
				continue
			}
			j.add(x)
		}
	}
	j.tried(tried)
}

// tried adds detections of credentials that were tried in vain, each raised by whom else its address tried.
func (j *Judge) tried(found []detect.Detection) {
	visits := map[string][]baseline.Visit{}
	for i := range found {
		network, v, _ := Arrival(&found[i])
		if s, ok := j.watch.states[network]; ok && visits[network] == nil {
			visits[network] = slices.Clone(s.Visits.List())
		}
		visits[network] = append(visits[network], v)
	}
	for i := range found {
		network, _, _ := Arrival(&found[i])
		j.add(Spray(found[i], visits[network]))
	}
}
