package baseline

import (
	"fmt"
	"time"
)

// Window is how long a value stays known after its last use, in days.
const Window = 60

var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Day is a UTC day, counted from 2020-01-01. Earlier times count as day 0.
type Day uint16

// Hour is a UTC hour, counted from 2020-01-01 00:00; 24 bits are used.
type Hour uint32

// DayOf returns the day of t.
func DayOf(t time.Time) Day { return HourOf(t).Day() }

// HourOf returns the hour of t.
func HourOf(t time.Time) Hour {
	h := t.Sub(epoch) / time.Hour
	return Hour(max(0, min(h, 1<<24-1)))
}

// Day returns the day of h.
func (h Hour) Day() Day { return Day(h / 24) }

// Time returns the beginning of the hour.
func (h Hour) Time() time.Time { return epoch.Add(time.Duration(h) * time.Hour) }

// Time returns the beginning of the day.
func (d Day) Time() time.Time { return epoch.AddDate(0, 0, int(d)) }

// weekend reports whether the day is a Saturday or Sunday. Day 0 was a Wednesday.
func (d Day) weekend() bool { return (d+2)%7 >= 5 }

// String returns the day as 2006-01-02.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// ParseDay reads a day from the form of String.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("reading day %.20q: expected a form like 2026-01-02", s)
	}
	return DayOf(t), nil
}
