package store

import (
	"context"
	"time"
)

// nudgeTime is how long a nudge may keep its caller.
const nudgeTime = 2 * time.Second

// Nudge rings a bell that may be nil, for whoever has more important things to do than to care whether it rang: sweep rings again.
func Nudge(ctx context.Context, b Bell, id string) {
	if b == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, nudgeTime)
	defer cancel()
	_ = b.Ring(ctx, id)
}
