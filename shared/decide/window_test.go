package decide_test

import (
	"testing"
	"time"

	"rekey/shared/decide"
)

func at(s string) time.Time {
	t, err := time.Parse("Mon 2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestWhenAWindowIsOn(t *testing.T) {
	tests := map[string]struct {
		window string
		at     string
		until  string // "" when it is not on
	}{
		"within hours of a weekday":          {"Mon-Fri 08:00-18:00", "Tue 2026-11-24 12:00", "Tue 2026-11-24 18:00"},
		"its first minute":                   {"Mon-Fri 08:00-18:00", "Tue 2026-11-24 08:00", "Tue 2026-11-24 18:00"},
		"its end is outside":                 {"Mon-Fri 08:00-18:00", "Tue 2026-11-24 18:00", ""},
		"another day":                        {"Mon-Fri 08:00-18:00", "Sun 2026-11-22 12:00", ""},
		"past midnight, on the day it began": {"Sat 22:00-06:00", "Sat 2026-11-21 23:30", "Sun 2026-11-22 06:00"},
		"past midnight, on the day after":    {"Sat 22:00-06:00", "Sun 2026-11-22 05:59", "Sun 2026-11-22 06:00"},
		"past midnight, not the day before":  {"Sat 22:00-06:00", "Sat 2026-11-21 05:00", ""},
		"a whole day":                        {"Sun", "Sun 2026-11-22 00:00", "Mon 2026-11-23 00:00"},
		"to the end of the day":              {"sun 20:00-24:00", "Sun 2026-11-22 23:59", "Mon 2026-11-23 00:00"},
		"over the weekend":                   {"Fri-Mon", "Sun 2026-11-22 10:00", "Tue 2026-11-24 00:00"},
		"once":                               {"2026-12-20T00:00Z/2027-01-04T06:00Z", "Fri 2026-12-25 10:00", "Mon 2027-01-04 06:00"},
		"once, before":                       {"2026-12-20T00:00Z/2027-01-04T06:00Z", "Sat 2026-12-19 23:59", ""},
		"once, after":                        {"2026-12-20T00:00Z/2027-01-04T06:00Z", "Mon 2027-01-04 06:00", ""},
		"one follows the other":              {"Tue 08:00-12:00, Tue 12:00-14:00", "Tue 2026-11-24 09:00", "Tue 2026-11-24 14:00"},
		"always":                             {"Mon-Sun", "Tue 2026-11-24 09:00", "Wed 2026-12-09 00:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, until, on := windows(tt.window).On(at(tt.at))
			if on != (tt.until != "") || on && !until.Equal(at(tt.until)) {
				t.Errorf("on %v until %s, want %q", on, until, tt.until)
			}
		})
	}
}

func TestAWindowThatIsNoneIsRefused(t *testing.T) {
	for _, s := range []string{
		"", "Mon-", "Mo", "Mon 8-18", "Mon 08:00-08:00", "Mon 24:00-08:00", "Mon 08:60-09:00", "Mon 25:00-26:00", "Mon -8:00-09:00", "Mon 08:00", "Mon 08:00-18:00 UTC",
		"2026-12-20/2026-12-21", "2026-12-21T00:00Z/2026-12-20T00:00Z", "2026-12-21T00:00Z/", "Mon 08:00-18:00,", "Mon 08:00-1800",
	} {
		var w decide.Windows
		if err := w.Decode(s); err == nil {
			t.Errorf("%q is taken for %v", s, w)
		}
	}
}

func FuzzParseWindow(f *testing.F) {
	for _, s := range []string{"Mon-Fri 08:00-18:00", "Sat 22:00-06:00", "Sun", "2026-12-20T00:00Z/2027-01-04T06:00Z", "Mon +8:00--9:00"} {
		f.Add(s, int64(1e9))
	}
	f.Fuzz(func(t *testing.T, s string, unix int64) {
		w, err := decide.ParseWindow(s)
		if err != nil {
			return
		}
		now := time.Unix(unix%(1<<36), 0)
		if end, on := w.End(now); on && !end.After(now) {
			t.Errorf("%q is on at %s and ends at %s", s, now, end)
		}
		if again, err := decide.ParseWindow(w.String()); err != nil || again != w {
			t.Errorf("%q is written %q, which is another window (%v)", s, w.String(), err)
		}
	})
}
