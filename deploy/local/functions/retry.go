package functions

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// retryPolicy is the retry section of function.json or host.json. A policy is kept in memory: a restart counts anew.
type retryPolicy struct {
	Strategy        string
	MaxRetryCount   *int // -1: for ever
	DelayInterval   span
	MinimumInterval span
	MaximumInterval span
}

// check says what is wrong with a policy. There may be none.
func (p *retryPolicy) check() error {
	switch {
	case p == nil:
		return nil
	case p.MaxRetryCount == nil || *p.MaxRetryCount < -1:
		return errors.New("retry: maxRetryCount must be -1 or more")
	case p.Strategy == "fixedDelay":
		return unless(p.DelayInterval >= 0, "retry: delayInterval must not be negative")
	case p.Strategy == "exponentialBackoff":
		return unless(p.MinimumInterval > 0 && p.MinimumInterval <= p.MaximumInterval,
			"retry: minimumInterval must be above zero and at most maximumInterval")
	}
	return fmt.Errorf("retry: strategy %q must be fixedDelay or exponentialBackoff", p.Strategy)
}

// again reports whether a retry of that number (the first is 1) is allowed.
func (p *retryPolicy) again(retry int) bool {
	return p != nil && (*p.MaxRetryCount < 0 || retry <= *p.MaxRetryCount)
}

// delay is how long to wait before a retry. Exponential: the minimum, then the minimum and a doubling, randomised share.
func (p *retryPolicy) delay(retry int) time.Duration {
	if p.Strategy == "fixedDelay" {
		return time.Duration(p.DelayInterval)
	}
	least, most := float64(p.MinimumInterval), float64(p.MaximumInterval)
	share := (math.Exp2(float64(retry-1)) - 1) * (0.8 + 0.4*rand.Float64()) //nolint:gosec // spreads load, guards nothing
	return time.Duration(min(most, least+least*share))
}

// pause waits, or until the context ends, and reports whether it waited to the end.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
