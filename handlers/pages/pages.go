// Package pages calls people, once for each call of the paging contract (package decide). A call is made first and noted
// then: after a crash between the two it is made again, under the same id.
package pages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	"rekey/shared/store"
)

// Pager calls people. Without a table it calls nobody.
type Pager struct {
	Table store.Table
	// Send delivers a page to its line. Nil: nobody can be called, and each call is an error in the log, with its id and
	// nothing about whom.
	Send   func(ctx context.Context, p decide.Page) error
	Logger *slog.Logger
	Now    func() time.Time
}

const partition = "page"

// Call makes the calls that are due about some concerns and were not made yet. One that cannot be delivered does not keep
// the others from being made; it is tried again with the next tick.
func (p Pager) Call(ctx context.Context, concerns ...decide.Concern) error {
	if p.Table == nil {
		return nil
	}
	var errs []error
	for _, c := range concerns {
		for _, page := range decide.Pages(c, p.Now()) {
			errs = append(errs, p.once(ctx, page))
		}
	}
	return errors.Join(errs...)
}

// once makes a call unless it was made.
func (p Pager) once(ctx context.Context, page decide.Page) error {
	_, err := p.Table.Get(ctx, partition, page.ID)
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	if err := p.send(ctx, page); err != nil {
		return fmt.Errorf("calling the %s line (%s, %s): %w", page.Line, page.Reason, page.ID, err)
	}
	funchost.Count(ctx, "pages", 1)
	data, err := json.Marshal(struct {
		decide.Page
		Called time.Time `json:"called"`
	}{page, p.Now().UTC()})
	if err != nil {
		return err
	}
	if _, err := p.Table.Put(ctx, store.Row{Partition: partition, Key: page.ID, Data: data}); err != nil && !errors.Is(err, fault.Conflict) {
		return fmt.Errorf("noting page %s: %w", page.ID, err)
	}
	return nil
}

func (p Pager) send(ctx context.Context, page decide.Page) error {
	if p.Send != nil {
		return p.Send(ctx, page)
	}
	if p.Logger != nil {
		p.Logger.ErrorContext(ctx, "page", slog.String("page", page.ID), slog.String("reason", string(page.Reason)), slog.String("line", string(page.Line)))
	}
	return nil
}
