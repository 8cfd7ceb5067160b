package functions

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// failing is an invoke that fails n times and notes the ids, bodies and times of its calls.
type failing struct {
	n      int
	ids    []string
	bodies []string
	at     []time.Time
}

func (f *failing) invoke(_ context.Context, _ *function, id string, body []byte) error {
	f.ids, f.bodies, f.at = append(f.ids, id), append(f.bodies, string(body)), append(f.at, time.Now())
	if len(f.ids) <= f.n {
		return errors.New("status 500")
	}
	return nil
}

func empty() (delivery, error) { return delivery{payload: "x"}, nil }

func TestRetriesKeepTheInvocationIdAndCountUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &failing{n: 2}
		f := &function{name: "f", trigger: binding{Name: "e"}, retry: retries(5)}
		start := time.Now()
		if err := (&executor{h.invoke, discard()}).run(t.Context(), f, empty); err != nil {
			t.Error(err)
		}
		if len(h.ids) != 3 || h.ids[0] != h.ids[2] || h.at[2].Sub(start) != 2*time.Second {
			t.Errorf("%v at %v", h.ids, h.at)
		}
		if !strings.Contains(h.bodies[0], `"RetryCount":0,"MaxRetryCount":5,"Exception":null`) || !strings.Contains(h.bodies[2], `"RetryCount":2`) {
			t.Errorf("%s", h.bodies)
		}
	})
}

func TestTheLastRetryFailsTheInvocation(t *testing.T) {
	for name, tt := range map[string]struct {
		policy *retryPolicy
		want   int
	}{"no policy": {nil, 1}, "none": {retries(0), 1}, "two": {retries(2), 3}} {
		synctest.Test(t, func(t *testing.T) {
			h := &failing{n: 100}
			f := &function{name: "f", trigger: binding{Name: "e"}, retry: tt.policy}
			if err := (&executor{h.invoke, discard()}).run(t.Context(), f, empty); err == nil || len(h.ids) != tt.want {
				t.Errorf("%s: %d attempts, %v", name, len(h.ids), err)
			}
		})
	}
}

func TestRetriesForEverEndWithTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &failing{n: 1 << 30}
		f := &function{name: "f", trigger: binding{Name: "e"}, retry: retries(-1)}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour-time.Millisecond)
		defer cancel()
		if err := (&executor{h.invoke, discard()}).run(ctx, f, empty); err == nil {
			t.Error("succeeded")
		}
		if len(h.ids) != 3600 {
			t.Errorf("%d attempts in an hour", len(h.ids))
		}
	})
}

func TestAPayloadThatCannotBeBoundIsRetriedLikeAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, n := &failing{}, 0
		f := &function{name: "f", trigger: binding{Name: "e"}, retry: retries(3)}
		err := (&executor{h.invoke, discard()}).run(t.Context(), f, func() (delivery, error) { n++; return delivery{}, errors.New("no JSON") })
		if err == nil || n != 4 || len(h.ids) != 0 {
			t.Errorf("%d attempts, %d invocations, %v", n, len(h.ids), err)
		}
	})
}

func TestExponentialBackoffStartsAtTheMinimumAndEndsAtTheMaximum(t *testing.T) {
	n := -1
	p := &retryPolicy{Strategy: "exponentialBackoff", MaxRetryCount: &n, MinimumInterval: span(time.Second), MaximumInterval: span(time.Minute)}
	if d := p.delay(1); d != time.Second {
		t.Errorf("the first delay is %s", d)
	}
	if d := p.delay(3); d < 3400*time.Millisecond || d > 4600*time.Millisecond {
		t.Errorf("the third delay is %s, want 1s + 3s ± 20%%", d)
	}
	for _, retry := range []int{20, 5000} {
		if d := p.delay(retry); d != time.Minute {
			t.Errorf("delay %d is %s", retry, d)
		}
	}
}
