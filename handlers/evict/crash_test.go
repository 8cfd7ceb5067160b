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
	at      int
	after   bool
	changes bool // only accesses that change the world are counted
	n       int
	dead    bool
	name    string // of the access
	cancel  context.CancelFunc
}

// afterChange ends the process after its n-th change of the world.
func afterChange(n int) *ending { return &ending{at: n, after: true, changes: true} }

func (e *ending) wall(name string, write bool, do func() error) error {
	if e.dead {
		return errCrash
	}
	if e.changes && !write {
		return do()
	}
	if e.n++; e.n != e.at {
		return do()
	}
	if e.after {
		_ = do()
	}
	e.dead, e.name = true, name
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

// endAt ends the process at an access of a kind of plan, and has others go on.
func endAt(t *testing.T, k kind, e *ending) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, k)
		l.untilEnded(e)
		if err := errors.Join(l.toTheEnd(), l.end(k)); err != nil {
			t.Errorf("ended at access %d (%s, after its effect: %v): %v", e.at, e.name, e.after, err)
		}
	})
}

// The world after one change is the world before the next, whatever was read between: ending after each change is ending at
// every moment. That this is so is seen on one kind of plan, which is ended at every single access, before and after it.
func TestWhereverTheProcessEndsAnotherInstanceReachesTheSameEnd(t *testing.T) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				e := afterChange(n)
				if endAt(t, k, e); !e.dead {
					t.Logf("the process was ended after each of %d changes of the world", n-1)
					return
				}
			}
		})
	}
}

func TestTheProcessMayEndBeforeAndAfterEverySingleAccess(t *testing.T) {
	k, moments := kinds["credentials alone"], 0
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			e := &ending{at: at, after: after}
			if endAt(t, k, e); !e.dead {
				break
			}
			moments++
		}
	}
	t.Logf("the process was ended at %d moments", moments)
	if moments < 200 {
		t.Errorf("only %d moments were tried", moments)
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
