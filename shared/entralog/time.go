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
	year, month, day := pair(s, 0)*100+pair(s, 2), pair(s, 5), pair(s, 8)
	hour, minute, second := pair(s, 11), pair(s, 14), pair(s, 17)
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 28 && day > daysIn(month, year) || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	nanos, rest := 0, s[19:]
	if rest[0] == '.' {
		n := 1
		for ; n < len(rest) && n < len(scale) && rest[n]-'0' <= 9; n++ {
			nanos = nanos*10 + int(rest[n]-'0')
		}
		if n < 2 {
			return time.Time{}, false
		}
		nanos *= scale[n-1]
		rest = rest[n:]
	}
	if rest != "Z" && rest != "+00:00" {
		return time.Time{}, false
	}
	seconds := ((daysSince1970(year, month, day)*24+hour)*60+minute)*60 + second
	return time.Unix(int64(seconds), int64(nanos)).UTC(), true
}

// daysSince1970 counts days in the Gregorian calendar. Its year begins in March, so that the leap day is the last one.
func daysSince1970(year, month, day int) int {
	if month < 3 {
		year, month = year-1, month+12
	}
	const toMarch = 719469 // days from March 1 of the year 0 to 1970, and one
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - toMarch
}

func daysIn(month, year int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// scale is what a fraction of so many digits must be multiplied by to count nanoseconds.
var scale = [...]int{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1}

// pair returns the number that two digits spell, or one too large for anything in a time.
func pair(s string, i int) int {
	tens, units := s[i]-'0', s[i+1]-'0'
	if tens > 9 || units > 9 {
		return 1 << 20
	}
	return int(tens)*10 + int(units)
}
