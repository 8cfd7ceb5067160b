package triage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/pattern"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
	"rekey/shared/rule"
	"rekey/shared/score"
	"rekey/shared/streams"
	"rekey/shared/trail"
	"rekey/shared/watch"
)

// subject is who a case is about. An application object and its service principal are two objects and one identity: what
// is held against either is held against both.
type subject struct {
	event.Principal
	inventory *remedy.Inventory // nil when the tenant has no such principal, or Graph could not be asked
	keys      []string          // under which something may be kept; the principal's own first
}

// identify asks Graph who is behind a key: a service principal's object id, "app:" and an application id, or the object id
// of an application, which some records have alone. When Graph cannot be asked, a service principal is still one.
func (t *Triage) identify(ctx context.Context, key string) (subject, error) {
	p := principalOf(key)
	if p.IsUser() {
		return subject{Principal: p, keys: []string{key}}, nil
	}
	inv, err := t.Inventory(ctx, p)
	if errors.Is(err, fault.NotFound) {
		return subject{Principal: p, keys: []string{key}}, nil
	}
	if err != nil {
		return subject{Principal: p, keys: []string{key}}, fmt.Errorf("asking Graph who %s is: %w", key, err)
	}
	s := subject{Principal: p, inventory: &inv, keys: []string{}}
	if i := own(inv, key); i >= 0 {
		s.ObjectID, s.AppID, s.Name = inv.Principals[i].ID, inv.Principals[i].AppID, inv.Principals[i].Name
		s.keys = append(s.keys, s.ObjectID)
	}
	if app := inv.Application; app != nil {
		s.AppID, s.Name = cmp.Or(s.AppID, app.AppID), cmp.Or(s.Name, app.Name)
		s.keys = append(s.keys, app.ID)
	}
	if s.AppID != "" {
		s.keys = append(s.keys, event.Principal{AppID: s.AppID}.Key())
	}
	if !slices.Contains(s.keys, key) {
		s.keys = append(s.keys, key)
	}
	return s, nil
}

// own returns which of an application's principals a key means; there is hardly ever more than one.
func own(inv remedy.Inventory, key string) int {
	if i := slices.IndexFunc(inv.Principals, func(o remedy.Object) bool { return o.ID == key }); i >= 0 {
		return i
	}
	return min(len(inv.Principals), 1) - 1
}

func principalOf(key string) event.Principal {
	if id, ok := cutApp(key); ok {
		return event.Principal{AppID: id}
	}
	return event.Principal{ObjectID: key}
}

// detections returns what was found lately under all keys of a subject.
func (t *Triage) detections(ctx context.Context, s subject) ([]detect.Detection, error) {
	var out []detect.Detection
	for _, key := range s.keys {
		found, err := t.Findings.Of(ctx, key)
		if err != nil {
			return nil, err
		}
		out = append(out, since(found, t.Now().Add(-recent))...)
	}
	return out, nil
}

// facts gathers everything that is kept about a subject, and finds the patterns in it.
func (t *Triage) facts(ctx context.Context, s subject, found []detect.Detection) (casefile.Facts, error) {
	own, err := t.states(ctx, s.keys[:1])
	if err != nil {
		return casefile.Facts{}, err
	}
	application, err := t.states(ctx, s.keys[1:])
	if err != nil {
		return casefile.Facts{}, err
	}
	world, err := t.world(ctx)
	if err != nil {
		return casefile.Facts{}, err
	}
	f := casefile.Facts{
		Facts: watch.Facts(s.Principal, own, application), Notes: slices.Concat(own.Evidence.Notes(), application.Evidence.Notes()), Users: application.Users,
		Exposure: &own.Exposure, MoreActs: own.Trail.More(trail.By), MoreChanges: own.Trail.More(trail.On) || application.Trail.More(trail.On),
		Directory: directory(s.inventory),
	}
	f.Exposure.Merge(&application.Exposure)
	f.Tenant, f.Hasher, f.World, f.Detections, f.Tier = t.Brakes.Policy.Tenant, t.Hasher, world, found, f.Directory.Strongest()
	if err := errors.Join(t.streams(ctx, &f), t.looked(ctx, &f)); err != nil {
		return f, err
	}
	if f.Actors, err = t.actors(ctx, f.Changes); err != nil {
		return f, err
	}
	if f.SuspectSince, err = t.suspectSince(ctx, append(watch.Actors(f.Changes), f.Principal.Key()), world); err != nil {
		return f, err
	}
	return f, t.patterns(ctx, &f)
}

// suspectSince tells from when on the subject, and those who changed it, are suspect: the earliest window of their cases.
func (t *Triage) suspectSince(ctx context.Context, keys []string, w *rule.World) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for _, key := range keys {
		if !w.Suspected(key) {
			continue
		}
		cs, err := t.Cases.Of(ctx, key)
		if err != nil {
			return nil, err
		}
		for _, c := range cs {
			if from, known := out[key]; c.Level.AtLeast(score.LevelMedium) && (!known || c.Window.From.Before(from)) {
				out[key] = c.Window.From
			}
		}
	}
	return out, nil
}

// states reads and merges what is kept under some keys.
func (t *Triage) states(ctx context.Context, keys []string) (*watch.State, error) {
	out := new(watch.State)
	for _, key := range keys {
		s, err := t.Principals.Load(ctx, key)
		if err != nil {
			return nil, err
		}
		out.Merge(&s.State)
	}
	return out, nil
}

// actors reads the trails of those who changed the subject.
func (t *Triage) actors(ctx context.Context, changes []trail.Entry) (map[string]*trail.Trail, error) {
	out := map[string]*trail.Trail{}
	for _, key := range watch.Actors(changes) {
		s, err := t.Principals.Load(ctx, key)
		if err != nil {
			return nil, err
		}
		out[key] = &s.Trail
	}
	return out, nil
}

// patterns finds what several records show together, keeps it, and adds it to the facts.
func (t *Triage) patterns(ctx context.Context, f *casefile.Facts) error {
	now := t.Now()
	for _, d := range since(pattern.Judge(&f.Facts), now.Add(-recent)) {
		if _, err := t.Findings.Keep(ctx, d, now); err != nil {
			return err
		}
		if !slices.ContainsFunc(f.Detections, func(o detect.Detection) bool { return o.ID == d.ID }) {
			d.Detected = now.UTC()
			f.Detections = append(f.Detections, d)
		}
	}
	return nil
}

// related adds to the facts which of the others have cases, and what the owner was asked.
func (t *Triage) related(ctx context.Context, f *casefile.Facts) error {
	var keys []string
	for _, d := range f.Detections {
		keys = append(keys, d.By)
	}
	for _, e := range slices.Concat(f.Changes, f.Acts) {
		keys = append(keys, e.Actor, e.Target)
	}
	return t.relate(ctx, f, keys)
}

// relate looks up the cases of others by their keys.
func (t *Triage) relate(ctx context.Context, f *casefile.Facts, keys []string) error {
	for _, key := range keys {
		if key == "" || key == f.Principal.Key() || len(f.RelatedCases) >= maxRelated || slices.ContainsFunc(f.RelatedCases, func(l casefile.Link) bool { return l.Key == key }) {
			continue
		}
		cs, err := t.Cases.Of(ctx, key)
		if err != nil {
			return err
		}
		l := casefile.Link{Key: key}
		if len(cs) > 0 {
			last := slices.MaxFunc(cs, func(a, b casefile.Case) int { return a.Window.To.Compare(b.Window.To) })
			l.Case, l.Level = last.ID, last.Level
		}
		f.RelatedCases = append(f.RelatedCases, l)
	}
	return nil
}

// readFrom adds to the facts whose credentials the principal read, as the rotation of its case found.
func (t *Triage) readFrom(ctx context.Context, f *casefile.Facts, caseID string) error {
	if t.Rotations.Table == nil {
		return nil
	}
	h, err := t.Rotations.Head(ctx, rotate.OperationID(caseID))
	if kind := fault.Kind(err); kind == fault.NotFound || kind == fault.Denied { // there is none, or one of a newer program's
		return nil
	}
	if err != nil {
		return err
	}
	var keys []string
	for _, x := range h.Taken {
		f.ReadFrom, keys = append(f.ReadFrom, casefile.Link{Key: x.Key, Name: x.Name}), append(keys, x.Key)
	}
	return t.relate(ctx, f, keys)
}

// maxRelated bounds how many others are looked up for one case.
const maxRelated = 24

// world is what the tenant declares, and who is in a case now.
func (t *Triage) world(ctx context.Context) (*rule.World, error) {
	w := new(rule.World)
	if t.World != nil {
		*w = *t.World
	}
	ids, err := t.Suspects.IDs(ctx, t.Now())
	w.Suspects = slices.Concat(w.Suspects, ids)
	return w, err
}

// looked adds to the facts when the weekly look last ended.
func (t *Triage) looked(ctx context.Context, f *casefile.Facts) (err error) {
	if t.Looked != nil {
		f.Looked, err = t.Looked(ctx)
	}
	return err
}

// streams adds to the facts since when directory changes are known, and which logs come in.
func (t *Triage) streams(ctx context.Context, f *casefile.Facts) error {
	if t.Streams == nil {
		return nil
	}
	m, err := t.Streams(ctx)
	if err != nil {
		return err
	}
	h := m.Health(t.Now())
	f.Since, f.Flowing = h.Begun(streams.Audit), h.Flowing
	return nil
}
