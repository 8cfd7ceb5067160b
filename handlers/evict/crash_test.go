package evict_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// ending ends the process at its n-th access to the world, before or after that took effect. From then on nothing works.
type ending struct {
	at     int
	after  bool
	n      int
	dead   bool
	name   string // of the access
	write  bool
	cancel context.CancelFunc
}

func (e *ending) wall(name string, write bool, do func() error) error {
	if e.dead {
		return errCrash
	}
	if e.n++; e.n != e.at {
		return do()
	}
	if e.after {
		_ = do()
	}
	e.dead, e.name, e.write = true, name, write
	e.cancel()
	return errCrash
}

// untilEnded works on the operation until the process ends, or the operation does.
func (l *lab) untilEnded(e *ending) {
	ctx, cancel := context.WithCancel(l.t.Context())
	defer cancel()
	e.cancel = cancel
	l.wall = []wall{e.wall}
	for range rings {
		_ = l.handle(ctx, "first")
		if e.dead {
			break
		}
		switch op := l.operation(); {
		case op.Watching():
			time.Sleep(8 * 24 * time.Hour)
		case !op.Due():
			l.wall = nil
			return
		default:
			time.Sleep(2 * time.Minute)
		}
	}
	l.wall = nil
	time.Sleep(2 * time.Minute)
}

func TestWhereverTheProcessEndsAnotherInstanceReachesTheSameEnd(t *testing.T) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moments := 0
			for at := 1; at > 0; at++ {
				for _, after := range []bool{true, false} {
					e := &ending{at: at, after: after}
					synctest.Test(t, func(t *testing.T) {
						l := begin(t, k)
						l.untilEnded(e)
						err := l.toTheEnd()
						if err := errors.Join(err, l.end(k)); err != nil {
							t.Errorf("ended at access %d (%s, after its effect: %v): %v", at, e.name, after, err)
						}
					})
					if !e.dead {
						at = -2
						break
					}
					moments++
					if !e.write {
						break // before and after a read are the same
					}
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("the process was ended at %d moments", moments)
		})
	}
}

func TestTheProcessMayEndTwiceInARow(t *testing.T) {
	k := kinds["whole identity"]
	for first := 20; first < 400; first += 37 {
		for second := 3; second < 120; second += 29 {
			synctest.Test(t, func(t *testing.T) {
				l := begin(t, k)
				l.untilEnded(&ending{at: first, after: first%2 == 0})
				if op := l.operation(); op.Due() {
					l.untilEnded(&ending{at: second, after: second%2 == 0})
				}
				if err := errors.Join(l.toTheEnd(), l.end(k)); err != nil {
					t.Errorf("ended at access %d, and then at %d: %v", first, second, err)
				}
			})
		}
	}
}
