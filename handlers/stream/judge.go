package stream

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/host/funchost"
	"rekey/shared/score"
	"rekey/shared/trail"
	"rekey/shared/watch"
)

// learn adds the batch's facts to the state.
func (s *Stream) learn(state *principals.State, g *group) {
	g.values = make([]baseline.Values, len(g.events))
	for i := range g.events {
		g.values[i] = s.Hasher.Values(&g.events[i])
		state.Observe(&g.events[i], &g.values[i])
	}
	for i := range g.failed {
		v := s.Hasher.Values(&g.failed[i])
		state.Evidence.Fail(&g.failed[i], &v)
	}
	for i := range g.reads {
		state.Exposure.Observe(s.Hasher, &g.reads[i])
	}
	for _, n := range g.notes {
		state.Evidence.Add(n)
	}
	for _, k := range g.trail {
		if state.Trail.Add(k.Side, k.Entry) && (k.Side == trail.On || !k.ByUser()) {
			g.changed = true
		}
	}
	for _, u := range g.users {
		state.Users.Count(s.Hasher, u.day, u.user)
	}
	for _, v := range g.visits {
		state.Visits.Add(v)
	}
}

// judge scores the batch's events against the state as it was before each one's day, so that what the batch itself
// taught cannot change a score. Findings of one subject and day become one detection. Ring says that triage should look,
// whatever was found.
func (s *Stream) judge(ctx context.Context, key string, state *principals.State, g *group, now time.Time) (found []detect.Detection, ring bool, err error) {
	application, err := s.application(ctx, state, g)
	if err != nil {
		return nil, false, err
	}
	days, err := s.days(ctx, state, g, application, nil, now)
	if err != nil {
		return nil, false, err
	}
	if worth(days) { // what a person vouched for is read when it matters, which is seldom
		known, err := s.Findings.Of(ctx, key)
		if err != nil {
			return nil, false, err
		}
		if own := detect.Vouched(known, now); len(own) > 0 {
			if days, err = s.days(ctx, state, g, application, own, now); err != nil {
				return nil, false, err
			}
		}
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		found = append(found, days[day].All()...)
	}
	reads := s.reads(state, g)
	for _, day := range slices.Sorted(maps.Keys(reads)) {
		found = append(found, reads[day].Detections()...)
	}
	found = append(found, s.conduct(state, g, days, reads)...)
	return append(found, g.claims...), g.completes(application, state), nil
}

// days judges the batch's events, day by day.
func (s *Stream) days(
	ctx context.Context, state *principals.State, g *group, application *baseline.Evidence, own score.Own, now time.Time,
) (map[baseline.Day]*watch.Day, error) {
	days := map[baseline.Day]*watch.Day{}
	for i := range g.events {
		e := &g.events[i]
		day := baseline.DayOf(e.Time)
		if days[day] == nil {
			fleet, err := s.Fleets.For(ctx, day, now)
			if err != nil {
				return nil, err
			}
			days[day] = watch.NewDay(day, &state.State.State, application, score.NewModel(fleet))
			days[day].Own(own)
		}
		days[day].Event(e, &g.values[i])
	}
	for _, d := range days {
		d.Late()
	}
	return days, nil
}

// worth reports whether anything unfamiliar is worth telling.
func worth(days map[baseline.Day]*watch.Day) bool {
	for _, d := range days {
		if len(d.Found()) > 0 {
			return true
		}
	}
	return false
}

// reads gathers what the principal read and changed, by day.
func (s *Stream) reads(state *principals.State, g *group) map[baseline.Day]*watch.Acts {
	days := map[baseline.Day]*watch.Acts{}
	for i := range g.reads {
		day := baseline.DayOf(g.reads[i].Time)
		if days[day] == nil {
			days[day] = watch.NewActs(day, &state.State, s.Hasher)
		}
		days[day].Event(&g.reads[i])
	}
	return days
}

// conduct judges what the days show beside the model: failed sign-ins, and what only many days show.
func (s *Stream) conduct(state *principals.State, g *group, signIns map[baseline.Day]*watch.Day, reads map[baseline.Day]*watch.Acts) []detect.Detection {
	days := map[baseline.Day]*watch.Conduct{}
	of := func(day baseline.Day) *watch.Conduct {
		if days[day] == nil {
			days[day] = watch.NewConduct(day, &state.State, s.Hasher)
		}
		return days[day]
	}
	for i := range g.events {
		of(baseline.DayOf(g.events[i].Time)).Event(&g.events[i], &g.values[i])
	}
	for i := range g.failed {
		v := s.Hasher.Values(&g.failed[i])
		of(baseline.DayOf(g.failed[i].Time)).Event(&g.failed[i], &v)
	}
	for day := range reads {
		of(day)
	}
	var found []detect.Detection
	for _, day := range slices.Sorted(maps.Keys(days)) {
		found = append(found, days[day].Detections(signIns[day], reads[day])...)
	}
	return found
}

// completes reports whether the batch may complete a pattern: the principal was changed, or changed something, or uses a
// credential that was lately added to its application, in an hour in which it was not known to.
func (g *group) completes(application *baseline.Evidence, state *principals.State) bool {
	_, added := application.Find(baseline.NoteCredentialAdded, func(*baseline.Note) bool { return true })
	return g.changed || added && state.Learned()
}

// application reads what is noted about the principal's application object, if the batch shows a credential that the
// principal has not used before: then it matters who added it.
func (s *Stream) application(ctx context.Context, state *principals.State, g *group) (*baseline.Evidence, error) {
	for i := range g.events {
		e, key := &g.events[i], baseline.CredentialKey
		fresh := g.values[i].Has(key) && !state.Profile.Before(baseline.DayOf(e.Time)).Settled(key, g.values[i].Hash[key])
		if !fresh || e.Principal.AppID == "" {
			continue
		}
		app, err := s.Principals.Load(ctx, event.Principal{AppID: e.Principal.AppID}.Key())
		if err != nil {
			return nil, err
		}
		return &app.Evidence, nil
	}
	return nil, nil
}

// arrive tells each network that a principal is new in it or was tried from it, and adds to the detections who else is.
func (s *Stream) arrive(ctx context.Context, found []detect.Detection, lane string, now time.Time) ([]detect.Detection, error) {
	for i, x := range found {
		network, v, ok := watch.Arrival(&x)
		if !ok {
			continue
		}
		state, err := s.Principals.Load(ctx, network)
		if err != nil {
			return nil, err
		}
		state.Visits.Add(v)
		if _, err := s.Principals.Save(ctx, state, lane); err != nil {
			return nil, err
		}
		found[i], _ = watch.Company(watch.Spray(x, state.Visits.List()), state.Visits.List())
		if err := s.company(ctx, state.Visits.List(), now); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// company raises the stored detections of a network's visitors by who else came lately.
func (s *Stream) company(ctx context.Context, visits []baseline.Visit, now time.Time) error {
	if len(visits) < 2 {
		return nil
	}
	for _, v := range visits {
		if v.Detection == "" || watch.Settled(baseline.DayOf(v.Time), now) {
			continue
		}
		changed, err := s.Findings.Raise(ctx, v.Principal, v.Detection, now, func(d detect.Detection) (detect.Detection, bool) {
			return watch.Company(d, visits)
		})
		if err != nil {
			return err
		}
		if changed {
			if err := s.ring(ctx, v.Principal); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep stores the detections and rings for triage when one is new or was raised, or when something else may complete a
// pattern of several records: only triage sees all of them.
func (s *Stream) keep(ctx context.Context, key string, found []detect.Detection, ring bool, now time.Time) error {
	for _, d := range found {
		changed, err := s.Findings.Keep(ctx, d, now)
		if err != nil {
			return err
		}
		ring = ring || changed
		if changed {
			funchost.Count(ctx, "detections", 1)
			funchost.Count(ctx, "detections_"+string(d.Level), 1)
			funchost.Lapse(ctx, "detect_lag_ms", now.Sub(d.Last))
		}
	}
	if !ring {
		return nil
	}
	return s.ring(ctx, key)
}

func (s *Stream) ring(ctx context.Context, key string) error {
	if err := s.Triage.Ring(ctx, key); err != nil {
		return fmt.Errorf("ringing for triage of %s: %w", key, err)
	}
	return nil
}
