package stream

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"rekey/shared/host/funchost"
	"rekey/shared/rule"
)

// worldFresh is how long a process goes on with what it read about the tenant: a new suspect vouches no longer than that.
const worldFresh = time.Minute

// kept is something that is read again when it is no longer fresh. While it cannot be read, what was read before is used:
// an old list of suspects is better than no detection. Only what was never read fails.
type kept[T any] struct {
	load func(context.Context, time.Time) (T, error)

	mu    sync.Mutex
	tried time.Time
	known bool
	value T
}

func (k *kept[T]) get(ctx context.Context, now time.Time) (T, error) {
	if k.load == nil {
		return k.value, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known && now.Sub(k.tried) < worldFresh {
		return k.value, nil
	}
	v, err := k.load(ctx, now)
	switch {
	case err == nil:
		k.value, k.known, k.tried = v, true, now
	case !k.known:
		return k.value, err
	default: // the next try is a minute away, so that a store that is down does not hold up every batch
		k.tried = now
		funchost.Count(ctx, "world_stale", 1)
	}
	return k.value, nil
}

// world is what the rules know about the tenant, for one batch: what is declared, who is in a case, and which application
// an object id belongs to.
func (s *Stream) world(ctx context.Context, now time.Time) (*rule.World, error) {
	var w rule.World
	if s.World != nil {
		w = *s.World
	}
	suspects, err := s.suspects.get(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("reading who is suspect: %w", err)
	}
	objects, err := s.objects.get(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("reading which application an object is: %w", err)
	}
	w.Suspects = slices.Concat(w.Suspects, suspects)
	if len(objects) > 0 && len(w.Objects) > 0 {
		declared := w.Objects
		w.Objects = maps.Clone(objects)
		maps.Copy(w.Objects, declared)
	} else if len(objects) > 0 {
		w.Objects = objects // read only, like everything of a World
	}
	return &w, nil
}
