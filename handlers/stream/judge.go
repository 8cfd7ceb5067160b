package stream

import (
	"context"
	"fmt"
	"time"

	"rekey/handlers/principals"
	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/host/funchost"
	"rekey/shared/score"
)

// learn adds the batch's facts to the state.
func (s *Stream) learn(state *principals.State, g *group) {
	for i := range g.signIns {
		e := &g.signIns[i]
		s.Enrich(e)
		state.Profile.Observe(s.Hasher, e, s.Hasher.Values(e))
	}
	for _, n := range g.notes {
		state.Evidence.Add(n)
	}
	for _, u := range g.users {
		state.Users.Count(s.Hasher, u.day, u.user)
	}
}

// judge scores the batch's sign-ins against the state as it was before each one's day, so that what the batch itself
// taught cannot change a score. Findings of one subject and day become one detection.
func (s *Stream) judge(ctx context.Context, state *principals.State, g *group, now time.Time) (map[string]detect.Detection, error) {
	found := map[string]detect.Detection{}
	var view baseline.View
	var model score.Model
	var viewed baseline.Day
	for i := range g.signIns {
		e := &g.signIns[i]
		if day := baseline.DayOf(e.Time); i == 0 || day != viewed {
			fleet, err := s.Fleets.For(ctx, day, now)
			if err != nil {
				return nil, err
			}
			view, model, viewed = state.Profile.Before(day), score.Model{Fleet: fleet}, day
		}
		values := s.Hasher.Values(e)
		if d, ok := detect.SignIn(e, model.SignIn(e, &values, view), model.Fleet.ID); ok {
			join(found, d)
		}
	}
	for i := range g.findings {
		if d, ok := detect.Finding(&g.findings[i]); ok {
			join(found, d)
		}
	}
	return found, nil
}

func join(found map[string]detect.Detection, d detect.Detection) {
	if old, ok := found[d.ID]; ok {
		d, _ = detect.Raise(old, d)
	}
	found[d.ID] = d
}

// keep stores the detections and rings for triage when one is new or was raised.
func (s *Stream) keep(ctx context.Context, key string, found map[string]detect.Detection, now time.Time) error {
	ring := false
	for _, d := range found {
		changed, err := s.Findings.Keep(ctx, d, now)
		if err != nil {
			return err
		}
		ring = ring || changed
		funchost.Count(ctx, "detections", 1)
	}
	if !ring {
		return nil
	}
	if err := s.Triage.Ring(ctx, key); err != nil {
		return fmt.Errorf("ringing for triage of %s: %w", key, err)
	}
	return nil
}
