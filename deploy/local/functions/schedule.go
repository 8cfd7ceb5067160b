package functions

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// schedule says when a timer fires next. Times are UTC.
type schedule interface {
	Next(after time.Time) time.Time
}

// every is the schedule of a TimeSpan.
type every time.Duration

// Next implements schedule.
func (e every) Next(after time.Time) time.Time { return after.Add(time.Duration(e)) }

var (
	cron6 = cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	cron5 = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
)

// bothDays tells the cron library that one of the two day fields is a star, which makes it want both to match, as
// NCRONTAB does. Unix cron, which the library follows, is content with either: "0 0 13 * 5" would be every Friday.
const bothDays = 1 << 63

// parseSchedule reads an NCRONTAB of six fields (seconds first) or five, or a TimeSpan.
func parseSchedule(text string) (schedule, error) {
	if strings.ContainsAny(text, "?=@") {
		return nil, fmt.Errorf("reading schedule %q: not an NCRONTAB expression", text)
	}
	parser := cron6
	switch len(strings.Fields(text)) {
	case 1:
		d, err := parseSpan(text)
		if err != nil || d <= 0 {
			return nil, errors.Join(fmt.Errorf("reading schedule %q: neither NCRONTAB nor a time span above zero", text), err)
		}
		return every(d), nil
	case 5:
		parser = cron5
	}
	s, err := parser.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading schedule %q: %w", text, err)
	}
	spec := s.(*cron.SpecSchedule)
	spec.Dow |= bothDays
	spec.Location = time.UTC
	return spec, nil
}

// frequent reports whether a schedule fires more than once a minute: the real host does not monitor such timers.
func frequent(s schedule, now time.Time) bool {
	for range 5 {
		next := s.Next(now)
		if after := s.Next(next); after.Sub(next) < time.Minute {
			return true
		}
		now = next
	}
	return false
}
