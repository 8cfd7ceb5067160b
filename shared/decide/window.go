package decide

import (
	"fmt"
	"strings"
	"time"
)

// Window is a time in which nothing is changed without a person: weekly, or once. The zero Window is never.
type Window struct {
	text string

	from, to int          // weekly: minutes since midnight UTC; to is the smaller one when it runs past midnight
	days     [7]bool      // on which it begins, by time.Weekday
	span     [2]time.Time // once, when from and to are no use
	once     bool
}

// dayNames are how weekdays are written, by time.Weekday.
var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseWindow reads one window. Weekly: days and hours of UTC, like "Mon-Fri 08:00-18:00", "Sat 22:00-06:00" (into Sunday)
// or "Sun" (the whole day). Once: two times with a slash between, like "2026-12-20T00:00Z/2027-01-04T06:00Z".
func ParseWindow(s string) (Window, error) {
	s = strings.TrimSpace(s)
	if from, to, ok := strings.Cut(s, "/"); ok {
		return parseOnce(s, from, to)
	}
	w := Window{text: s, to: minutesOfDay}
	days, hours, timed := strings.Cut(s, " ")
	if err := w.parseDays(days); err != nil {
		return Window{}, err
	}
	if !timed {
		return w, nil
	}
	from, to, ok := strings.Cut(strings.TrimSpace(hours), "-")
	var okFrom, okTo bool
	w.from, okFrom = minute(from)
	w.to, okTo = minute(to)
	if !ok || !okFrom || !okTo || w.from == w.to || w.from == minutesOfDay {
		return Window{}, fmt.Errorf("%q has no hours like 08:00-18:00", s)
	}
	return w, nil
}

const minutesOfDay = 24 * 60

func parseOnce(s, from, to string) (Window, error) {
	w := Window{text: s, once: true}
	for i, part := range []string{from, to} {
		t, err := time.Parse("2006-01-02T15:04Z", strings.TrimSpace(part))
		if err != nil {
			return Window{}, fmt.Errorf("%q has no time like 2026-12-20T00:00Z", s)
		}
		w.span[i] = t
	}
	if !w.span[0].Before(w.span[1]) {
		return Window{}, fmt.Errorf("%q ends before it begins", s)
	}
	return w, nil
}

// parseDays reads "Mon", "Mon-Fri" or "Fri-Mon".
func (w *Window) parseDays(s string) error {
	first, last, span := strings.Cut(s, "-")
	if !span {
		last = first
	}
	from, to := weekday(first), weekday(last)
	if from < 0 || to < 0 {
		return fmt.Errorf("%q has no days like Mon or Mon-Fri", s)
	}
	for d := from; ; d = (d + 1) % len(dayNames) {
		w.days[d] = true
		if d == to {
			return nil
		}
	}
}

func weekday(s string) int {
	for i, n := range dayNames {
		if strings.EqualFold(n, s) {
			return i
		}
	}
	return -1
}

// minute reads "08:30"; "24:00" is the end of the day.
func minute(s string) (int, bool) {
	var h, m int
	if n, err := fmt.Sscanf(s, "%2d:%2d", &h, &m); n != 2 || err != nil || len(s) != len("00:00") || s[0] == '-' || s[0] == '+' || s[3] == '-' || s[3] == '+' {
		return 0, false
	}
	at := h*60 + m
	return at, h >= 0 && m >= 0 && m < 60 && at <= minutesOfDay
}

// String returns the window as it was written.
func (w Window) String() string { return w.text }

// End returns when the window that holds a time ends, and false when it does not hold it.
func (w Window) End(t time.Time) (time.Time, bool) {
	t = t.UTC()
	if w.once {
		return w.span[1], !t.Before(w.span[0]) && t.Before(w.span[1])
	}
	midnight := t.Truncate(24 * time.Hour)
	for _, day := range []time.Time{midnight, midnight.AddDate(0, 0, -1)} { // begun today, or yesterday
		if !w.days[day.Weekday()] {
			continue
		}
		to := w.to
		if to < w.from {
			to += minutesOfDay
		}
		from, end := day.Add(time.Duration(w.from)*time.Minute), day.Add(time.Duration(to)*time.Minute)
		if !t.Before(from) && t.Before(end) {
			return end, true
		}
	}
	return time.Time{}, false
}

// Windows are several.
type Windows []Window

// Decode implements the decoder of settings: windows, separated by commas.
func (w *Windows) Decode(s string) error {
	*w = nil
	for part := range strings.SplitSeq(s, ",") {
		one, err := ParseWindow(part)
		if err != nil {
			return err
		}
		*w = append(*w, one)
	}
	return nil
}

// On returns the window that holds a time, and when it is over. Windows that follow each other without a gap are one; the
// end is looked for at most two weeks ahead.
func (w Windows) On(now time.Time) (on Window, until time.Time, ok bool) {
	until = now
	for again := true; again && until.Sub(now) < 14*24*time.Hour; {
		again = false
		for _, one := range w {
			if end, in := one.End(until); in {
				if !ok {
					on, ok = one, true
				}
				until, again = end, true
			}
		}
	}
	return on, until, ok
}
