package funchost

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// panicked is a panic of a handler, turned into an error. Its text has the stack and never the payload.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %T\n%s", p.value, p.stack) }

// guard runs fn and turns a panic into an error: a panic in a goroutine of one's own would end the process and with
// it every invocation.
func guard(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v, debug.Stack()}
		}
	}()
	return fn()
}

// Group runs work of one invocation side by side. Goroutines of handlers are started only through it.
type Group struct {
	group *errgroup.Group
	ctx   context.Context
}

// NewGroup makes a group that runs at most limit functions at a time.
func NewGroup(ctx context.Context, limit int) *Group {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(limit)
	return &Group{group, ctx}
}

// Go runs fn, waiting while the group is full. A panic becomes its error; the first error cancels the others.
func (g *Group) Go(fn func(context.Context) error) {
	g.group.Go(func() error { return guard(func() error { return fn(g.ctx) }) })
}

// Wait waits for all and returns the first error.
func (g *Group) Wait() error { return g.group.Wait() }
