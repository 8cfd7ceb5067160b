package webhook

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"rekey/shared/fault"
)

// Refusal is an answer that is no success. It says nothing of what was answered but the status.
type Refusal struct {
	Host   string
	Status int
	After  time.Duration // that the receiver asked to be left alone for; 0: it did not
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("calling %s: status %d", r.Host, r.Status) }

// Unwrap gives the kind: what is worth trying again is fault.Transient.
func (r *Refusal) Unwrap() error {
	if r.Status == http.StatusTooManyRequests || r.Status == http.StatusRequestTimeout || r.Status >= http.StatusInternalServerError {
		return fault.Transient
	}
	return fault.Denied
}

func (c *Client) refusal(resp *http.Response) error {
	return &Refusal{Host: c.host, Status: resp.StatusCode, After: retryAfter(resp.Header.Get("Retry-After"), c.Now())}
}

// retryAfter reads the header in both of its forms.
func retryAfter(s string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}
