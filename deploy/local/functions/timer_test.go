package functions

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestSchedules(t *testing.T) {
	const from = "2026-06-01T12:00:00Z" // a Monday
	for text, want := range map[string]string{
		"0 */5 * * * *":    "2026-06-01T12:05:00Z",
		"*/5 * * * *":      "2026-06-01T12:05:00Z",
		"*/10 * * * * *":   "2026-06-01T12:00:10Z",
		"0 30 9 * * MON":   "2026-06-08T09:30:00Z",
		"0 0 0 13 * 5":     "2026-11-13T00:00:00Z", // Friday the 13th, not every Friday and every 13th
		"0 0 12 1 * *":     "2026-07-01T12:00:00Z",
		"00:00:30":         "2026-06-01T12:00:30Z",
		"1.00:00:00":       "2026-06-02T12:00:00Z",
		"0 0 6-8 * * 1-5":  "2026-06-02T06:00:00Z",
		"15,45 0 12 * * *": "2026-06-01T12:00:15Z",
	} {
		s, err := parseSchedule(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := s.Next(at(t, from)).Format(time.RFC3339); got != want {
			t.Errorf("%s: next is %s, want %s", text, got, want)
		}
	}
}

func TestSchedulesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "* * * *", "0 0 0 0 0 0", "@hourly", "0 0 0 ? * *", "TZ=UTC 0 0 0 * * *", "00:00:00", "-1", "a b c d e f"} {
		if s, err := parseSchedule(text); err == nil {
			t.Errorf("%q was read as %v", text, s)
		}
	}
}

// told is a runner that notes what it was asked to run, and answers by a function.
type told struct {
	mu     sync.Mutex
	at     []time.Time
	bodies []string
	answer func(ctx context.Context, n int) error // nil succeeds
}

func (r *told) run(ctx context.Context, f *function, build func() (delivery, error)) error {
	d, err := build()
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.at, r.bodies = append(r.at, time.Now()), append(r.bodies, string(body(f, d, 0, nil, time.Now())))
	n := len(r.at)
	r.mu.Unlock()
	if r.answer == nil {
		return nil
	}
	return r.answer(ctx, n)
}

// during runs a trigger for some virtual time.
func during(t *testing.T, d time.Duration, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := run(ctx); err != nil {
		t.Error(err)
	}
}

func fires(t *testing.T, b binding, d time.Duration, answer func(context.Context, int) error) (start time.Time, r *told) {
	t.Helper()
	s, err := parseSchedule(b.Schedule)
	if err != nil {
		t.Fatal(err)
	}
	r = &told{answer: answer}
	start = time.Now()
	b.Name = "timer"
	during(t, d, (&timer{function: &function{name: "upkeep", trigger: b}, schedule: s, runner: r}).run)
	return start, r
}

func TestATimerFiresAtItsTimesAndFailuresWaitForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, r := fires(t, binding{Schedule: "0 */10 * * * *"}, time.Hour, func(context.Context, int) error { return errors.New("no") })
		if len(r.at) < 5 || len(r.at) > 6 || r.at[0].Before(start) || r.at[0].Minute()%10 != 0 || r.at[1].Sub(r.at[0]) != 10*time.Minute {
			t.Errorf("fired at %v", r.at)
		}
	})
}

func TestATimerShowsItsLastAndNextTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := fires(t, binding{Schedule: "0 */10 * * * *"}, 25*time.Minute, nil)
		first, second := r.at[0].UTC().Format(ticksOffset), r.at[1].UTC().Format(ticksOffset)
		if !strings.Contains(r.bodies[0], `"Last":"0001-01-01T00:00:00+00:00","Next":"`+first) {
			t.Error(r.bodies[0])
		}
		if !strings.Contains(r.bodies[1], `"Last":"`+first+`","Next":"`+second+`","LastUpdated":"`+first) {
			t.Error(r.bodies[1])
		}
	})
}

func TestATimerMoreFrequentThanAMinuteHasNoStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := fires(t, binding{Schedule: "*/15 * * * * *"}, time.Minute, nil)
		if len(r.bodies) == 0 || !strings.Contains(r.bodies[0], `"ScheduleStatus":null`) {
			t.Error(r.bodies)
		}
	})
}

func TestRunOnStartupFiresAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, r := fires(t, binding{Schedule: "01:00:00", RunOnStartup: true}, 30*time.Minute, nil)
		if len(r.at) != 1 || !r.at[0].Equal(start) {
			t.Errorf("fired at %v, started %v", r.at, start)
		}
	})
}

func TestRunsOfATimerDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := fires(t, binding{Schedule: "00:01:00"}, 10*time.Minute, func(ctx context.Context, _ int) error {
			pause(ctx, 150*time.Second)
			return nil
		})
		if len(r.at) != 3 || r.at[1].Sub(r.at[0]) != 210*time.Second {
			t.Errorf("fired at %v", r.at)
		}
	})
}

func TestADayThatNeverComesFiresNever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, r := fires(t, binding{Schedule: "0 0 0 30 2 *"}, 24*time.Hour, nil); len(r.at) != 0 {
			t.Errorf("fired at %v", r.at)
		}
	})
}
