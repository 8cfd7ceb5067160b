package subscriptions

import (
	"context"
	"time"

	"rekey/shared/notice"
	"rekey/shared/store"
)

// Sink takes the notices for all subscriptions (package notices): it writes each down for whoever wants it, and rings. It is told
// everything, whether anybody has subscribed or not, so that who subscribes is told what comes then and not what was.
type Sink struct {
	Store
	Bell store.Bell // of the queue deliver
	Now  func() time.Time
}

// Name implements notices.Sink.
func (s *Sink) Name() string { return "subscriptions" }

// Since implements notices.Sink.
func (s *Sink) Since() time.Time { return time.Time{} }

// Deliver implements notices.Sink.
func (s *Sink) Deliver(ctx context.Context, ns []notice.Notice) error {
	all, err := s.all(ctx)
	if err != nil {
		return err
	}
	now, last := s.Now(), map[string]string{}
	for _, n := range ns {
		last[n.Subject] = n.ID
	}
	for _, x := range all {
		wanted := false
		for _, n := range ns {
			// What was meanwhile does not wake who waits for what is.
			if !x.Wants(n) || x.Once && n.ID != last[n.Subject] || x.Expired(now) {
				continue
			}
			if err := s.enqueue(ctx, x.ID, n, now); err != nil {
				return err
			}
			wanted = true
		}
		if wanted {
			store.Nudge(ctx, s.Bell, x.ID)
		}
	}
	return nil
}
