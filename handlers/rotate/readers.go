package rotate

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"rekey/shared/exposure"
	plan "rekey/shared/rotate"
)

// scanEvery is how old the last look at everybody's index may be. Logs are minutes late themselves, and an old version is
// disabled after a day without a reader.
const scanEvery = lookEvery

// scan is the last look at everybody's index of reads. All rotations of a process share it: the table of principals is the
// largest there is.
type scan struct {
	mu    sync.Mutex
	at    time.Time // when it was made
	since time.Time // reads from then on are in it
	reads Reads
}

// Readers says who read which secrets since a time, or since an earlier one, by everybody's index of reads. Nobody may change
// what it returns.
func (s *Sources) Readers(ctx context.Context, since time.Time) (Reads, error) {
	s.scan.mu.Lock()
	defer s.scan.mu.Unlock()
	now := s.Now()
	if age := now.Sub(s.scan.at); s.scan.reads != nil && age >= 0 && age < scanEvery && !s.scan.since.After(since) {
		return s.scan.reads, nil
	}
	if !s.scan.since.IsZero() && s.scan.since.Before(since) && since.Sub(s.scan.since) < longest {
		since = s.scan.since // another rotation asked for more, and will again
	}
	reads, err := s.everybody(ctx, since)
	if err != nil {
		return nil, err
	}
	s.scan.at, s.scan.since, s.scan.reads = now, since, reads
	return reads, nil
}

// longest is how much more than was asked for is looked at, for the sake of another rotation.
const longest = 30 * 24 * time.Hour

func (s *Sources) everybody(ctx context.Context, since time.Time) (Reads, error) {
	out := Reads{}
	err := s.Principals.Exposures(ctx, func(key string, x *exposure.Index) {
		if slices.ContainsFunc(s.Own, func(own string) bool { return strings.EqualFold(own, key) || strings.EqualFold("app:"+own, key) }) {
			return
		}
		for _, r := range x.Reads(since) {
			vault, object, _ := strings.Cut(strings.ToLower(r.Object), "/")
			name, ok := strings.CutPrefix(object, "secrets/")
			if !ok {
				continue
			}
			versions := r.Versions()
			if len(versions) == 0 {
				versions = []string{""}
			}
			for _, v := range versions {
				out[vault+"/"+name] = append(out[vault+"/"+name], plan.Reader{Name: key, Version: v, Last: r.End()})
			}
		}
	})
	return out, err
}
