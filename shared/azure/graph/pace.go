package graph

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// pace is the time between two calls to identity protection and Conditional Access. They answer one request a second
// and tenant, over all applications, and are documented to send no Retry-After with their 429
// (learn.microsoft.com/graph/throttling-limits).
const pace = time.Second

// pacedRetries is how often such a call is tried again: other applications use up the same second.
const pacedRetries = 8

// pacer lets one call at a time through, and the next a pace after the answer of the one before.
type pacer struct {
	slot  chan struct{} // holds one token
	mu    sync.Mutex
	every time.Duration
	last  time.Time
}

// pacers holds one pacer for each base URL: the limit is the tenant's, whatever number of clients a process has.
var pacers sync.Map

func pacerOf(base string) *pacer {
	fresh := &pacer{slot: make(chan struct{}, 1), every: pace}
	p, _ := pacers.LoadOrStore(base, fresh)
	return p.(*pacer)
}

// SetPace changes the time between two calls to identity protection and Conditional Access, for all clients of this
// process with the same base URL. It is there for tests against services with another limit.
func (c *Client) SetPace(every time.Duration) {
	c.pacer.mu.Lock()
	defer c.pacer.mu.Unlock()
	c.pacer.every = every
}

// wait takes the slot and waits until the pace has passed. Whoever got it calls done after the answer.
func (p *pacer) wait(ctx context.Context) error {
	select {
	case p.slot <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	timer := time.NewTimer(time.Until(p.last.Add(p.every)))
	p.mu.Unlock()
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		<-p.slot
		return ctx.Err()
	}
}

func (p *pacer) done() {
	p.mu.Lock()
	p.last = time.Now()
	p.mu.Unlock()
	<-p.slot
}

// paced reports whether a path below /v1.0 belongs to a service with a pace.
func paced(path string) bool {
	return strings.HasPrefix(path, "/identityProtection/") || strings.HasPrefix(path, "/identity/conditionalAccess/")
}

// pacing is the policy that makes every try of such a call wait for its turn.
type pacing struct{ client *Client }

// Do implements policy.Policy.
func (p pacing) Do(req *policy.Request) (*http.Response, error) {
	if _, below, _ := strings.Cut(req.Raw().URL.Path, "/v1.0"); !paced(below) {
		return req.Next()
	}
	if err := p.client.pacer.wait(req.Raw().Context()); err != nil {
		return nil, err
	}
	defer p.client.pacer.done()
	return req.Next()
}

// retries says how a call is tried again. With a Retry-After the pipeline waits that long, without one it backs off.
func (c *Client) retries(r request) policy.RetryOptions {
	o := c.retry
	if paced(r.path) {
		o.MaxRetries = max(o.MaxRetries, pacedRetries)
		if o.RetryDelay == 0 {
			o.RetryDelay = pace
		}
	}
	if r.method == http.MethodPost && !r.repeatable {
		o.ShouldRetry = func(resp *http.Response, err error) bool {
			return err == nil && resp.StatusCode == http.StatusTooManyRequests // nothing was done
		}
	}
	return o
}
