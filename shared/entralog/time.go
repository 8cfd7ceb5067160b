package entralog

import (
	"strings"
	"time"

	"rekey/shared/fault"
)

// usLayouts are the formats of risk events and of some sign-in exports; they say no zone and mean UTC.
var usLayouts = []string{
	"1/2/2006 3:04:05 PM", "1/2/2006 15:04:05", "1/2/2006 3:04:05 PM -07:00", "1/2/2006 15:04:05 -07:00",
}

// isoLayouts are the variants of ISO 8601 that are not RFC 3339.
var isoLayouts = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999"}

// ParseTime reads a time in any format seen in the logs and returns it in UTC. A time without a zone is UTC.
func ParseTime(s string) (time.Time, error) {
	if t, ok := fastTime(s); ok {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	layouts := isoLayouts
	if strings.IndexByte(s, '/') > 0 {
		layouts = usLayouts
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.Errorf(fault.Poison, "reading time %.40q: expected a form like 2026-01-02T03:04:05.6789Z", s)
}

// fastTime reads 2006-01-02T15:04:05[.fraction](Z|+00:00), what nearly every record has.
func fastTime(s string) (time.Time, bool) {
	if len(s) < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	year, month, day := digits(s[0:4]), digits(s[5:7]), digits(s[8:10])
	hour, minute, second := digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
	if year < 1 || month < 1 || month > 12 || day < 1 || day > 28 && day > daysIn(month, year) || hour < 0 || hour > 23 ||
		minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false
	}
	nanos, rest := 0, s[19:]
	if rest[0] == '.' {
		n := 1
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n < 2 || n > 10 {
			return time.Time{}, false
		}
		nanos = digits(rest[1:n])
		for range 10 - n {
			nanos *= 10
		}
		rest = rest[n:]
	}
	if rest != "Z" && rest != "+00:00" {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC), true
}

func daysIn(month, year int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// digits returns the number s spells, or a negative one.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return -1 << 30
		}
		n = n*10 + int(c-'0')
	}
	return n
}
