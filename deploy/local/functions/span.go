package functions

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// span is a .NET TimeSpan as host.json and function.json write it: [d.]hh:mm[:ss[.fffffff]]. A bare number is days.
type span time.Duration

var spanForm = regexp.MustCompile(`^(?:(\d{1,5})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d{1,7})?)?$|^(\d{1,5})$`)

// UnmarshalJSON reads a span from a JSON string.
func (s *span) UnmarshalJSON(b []byte) error {
	var text string
	if string(b) == "null" {
		return nil // as if it were not there
	}
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("reading a time span: %w", err)
	}
	d, err := parseSpan(text)
	*s = span(d)
	return err
}

// parseSpan reads the text of a TimeSpan. "-1" is the host's word for no limit and gives a negative duration.
func parseSpan(text string) (time.Duration, error) {
	if text == "-1" {
		return -1, nil
	}
	m := spanForm.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("reading time span %q: want hh:mm:ss", text)
	}
	if m[6] != "" {
		return days(m[6]), nil
	}
	hours, minutes, seconds := number(m[2]), number(m[3]), number(m[4])
	if hours > 23 || minutes > 59 || seconds > 59 {
		return 0, fmt.Errorf("reading time span %q: hours end at 23, minutes and seconds at 59; write days as d.hh:mm:ss", text)
	}
	fraction, _ := strconv.ParseFloat("0"+m[5], 64) // the form allows digits only
	d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second
	return days(m[1]) + d + time.Duration(fraction*float64(time.Second)), nil
}

func days(text string) time.Duration { return time.Duration(number(text)) * 24 * time.Hour }

// number reads digits; none are 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits) // the form allows digits only
	return n
}
