package play

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rekey/deploy/local/stack"
	"rekey/handlers/operations"
	"rekey/shared/notice"
	"rekey/shared/rotate"
)

// tellTime is how long notices may take when everything else has ended.
const tellTime = 20 * time.Second

// told waits until the hub of notices holds everything that is stored, and says what programs outside could follow.
func (p *Play) told(ctx context.Context, operation string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	for {
		got, want, err := p.notices(ctx)
		if err == nil && complete(got, want) {
			states, err := chain(got, notice.Operations+operation)
			p.check(err == nil, "%d detections and states were told to programs outside; the eviction's: %s", len(want), states)
			return err == nil, nil
		}
		timer := time.NewTimer(200 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			p.check(false, "programs outside were told %d of %d detections and states", len(got), len(want))
			if errors.Is(err, context.DeadlineExceeded) {
				err = nil
			}
			return false, err
		case <-timer.C:
		}
	}
}

func complete(got []stack.Received, want map[string]bool) bool {
	missing := maps.Clone(want)
	for _, r := range got {
		delete(missing, r.ID)
	}
	return len(missing) == 0
}

// notices returns what the hub holds, and the ids of what it should hold.
func (p *Play) notices(ctx context.Context) ([]stack.Received, map[string]bool, error) {
	got, err := p.stack.Notices(ctx)
	if err != nil {
		return nil, nil, err
	}
	want := map[string]bool{}
	note := func(ns ...notice.Notice) {
		for _, n := range ns {
			want[n.ID] = true
		}
	}
	found := p.stack.State.Findings()
	keys := map[string]bool{}
	for from := ""; ; {
		page, next, err := found.PrincipalsFrom(ctx, from, 500)
		if err != nil {
			return got, want, err
		}
		for _, key := range page {
			keys[key] = true
		}
		if from = next; next == "" {
			break
		}
	}
	for key := range keys {
		of, errOf := found.Of(ctx, key)
		err = errors.Join(err, errOf)
		for _, d := range of {
			if d.Worth() {
				note(notice.OfDetection(p.tenant.ID, d))
			}
		}
	}
	return got, want, errors.Join(err, p.stack.State.Operations().Each(ctx, func(o operations.Stored, err error) error {
		note(notice.OfOperation(p.tenant.ID, o.Operation)...)
		return err
	}), p.stack.State.Rotations().Each(ctx, func(h rotate.Head, err error) error {
		note(notice.OfRotation(p.tenant.ID, h)...)
		return err
	}))
}

// chain returns the states that the notices of one operation tell, and an error if one is missing between them.
func chain(got []stack.Received, subject string) (string, error) {
	type move struct {
		Sequence             int
		State, PreviousState string
	}
	moves := map[int]move{}
	for _, r := range got {
		var m move
		if r.Subject != subject {
			continue
		}
		if err := json.Unmarshal(r.Data, &m); err != nil {
			return "", err
		}
		moves[m.Sequence] = m
	}
	var states []string
	for n, before := 1, ""; n <= len(moves); n++ {
		m := moves[n]
		if m.State == "" || m.PreviousState != before {
			return strings.Join(states, ", "), fmt.Errorf("the notice of %s after %d is not the one that follows", subject, n-1)
		}
		if before = m.State; !slices.Contains(states[max(len(states)-1, 0):], m.State) {
			states = append(states, m.State)
		}
	}
	if len(states) == 0 {
		return "none", fmt.Errorf("nothing was told of %s", subject)
	}
	return strings.Join(states, ", "), nil
}
