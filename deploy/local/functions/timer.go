package functions

import (
	"context"
	"time"
)

// timer fires one function by its schedule. Runs do not overlap: what falls due during a run is passed over.
type timer struct {
	function *function
	schedule schedule
	runner   runner
}

// timerStatus is what the real host keeps in storage about a timer and shows to the function.
type timerStatus struct{ last, next, updated time.Time }

// run fires until the context ends. A failed run waits for the next occurrence, once its retries are used up.
func (t *timer) run(ctx context.Context) error {
	now := time.Now().UTC()
	status := timerStatus{next: t.schedule.Next(now), updated: now}
	if t.function.trigger.RunOnStartup {
		t.fire(ctx, status)
	}
	for {
		due := t.schedule.Next(time.Now().UTC())
		if due.IsZero() { // 30 February: never
			<-ctx.Done()
			return nil
		}
		status.next = due
		if !pause(ctx, time.Until(due)) {
			return nil
		}
		t.fire(ctx, status)
		status = timerStatus{last: due, updated: due}
	}
}

// fire runs the function; its error is in the log already.
func (t *timer) fire(ctx context.Context, s timerStatus) {
	_ = t.runner.run(ctx, t.function, func() (delivery, error) { return delivery{payload: t.payload(s)}, nil })
}

// payload describes the timer. Those that are not monitored have no status.
func (t *timer) payload(s timerStatus) object {
	var status any
	monitor := t.function.trigger.UseMonitor
	if (monitor == nil || *monitor) && !frequent(t.schedule, s.updated) {
		status = object{
			{"Last", s.last.UTC().Format(ticksOffset)},
			{"Next", s.next.UTC().Format(ticksOffset)},
			{"LastUpdated", s.updated.UTC().Format(ticksOffset)},
		}
	}
	return object{{"Schedule", object{{"AdjustForDST", true}}}, {"ScheduleStatus", status}, {"IsPastDue", false}}
}
