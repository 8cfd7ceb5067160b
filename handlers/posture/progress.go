package posture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rekey/shared/fault"
	"rekey/shared/store"
)

// Where the row is, in the inventory table.
const (
	progressPartition = "posture"
	progressKey       = "progress"
)

// The two lists of a look, in order.
const (
	listApplications = "applications"
	listPrincipals   = "servicePrincipals"
)

const progressVersion = 1

// progress is how far the look has come.
type progress struct {
	Version  int       `json:"version"`
	Complete time.Time `json:"complete"` // when the last look was complete; the zero time: never
	Begun    time.Time `json:"begun"`    // when the one that runs began; the zero time: none does
	Flows    bool      `json:"flows"`    // the log of sign-ins was without gaps when it began
	List     string    `json:"list"`
	Page     int       `json:"page"`  // number of the page, from 0
	Token    string    `json:"token"` // what the directory wants for it; "" for the first
	Done     int       `json:"done"`  // items of the page that are judged
	Looked   int       `json:"looked"`
	Failed   int       `json:"failed"` // items that could not be judged
	Held     time.Time `json:"held"`   // until when somebody works on it
	Wait     time.Time `json:"wait"`   // until when nobody should, because it failed

	row store.Row
}

// due reports whether there is something to do.
func (p *progress) due(now time.Time, every time.Duration) bool {
	if now.Before(p.Held) || now.Before(p.Wait) {
		return false
	}
	return !p.Begun.IsZero() || now.Sub(p.Complete) >= every
}

// maxAge is how long a look may take: the directory forgets the tokens of its pages.
const maxAge = 24 * time.Hour

// begin starts a look, or starts it again when the one that runs is too old.
func (p *progress) begin(now time.Time) (began bool) {
	if !p.Begun.IsZero() && now.Sub(p.Begun) < maxAge {
		return false
	}
	*p = progress{Version: progressVersion, Complete: p.Complete, Begun: now, List: listApplications, row: p.row}
	return true
}

// turn goes on to the next page, or to the next list, and reports whether that was the last.
func (p *progress) turn(next string, now time.Time) (last bool) {
	p.Page, p.Token, p.Done = p.Page+1, next, 0
	switch {
	case next != "":
	case p.List == listApplications:
		p.List, p.Page = listPrincipals, 0
	default:
		p.Complete, p.Begun, p.List, p.Page = now, time.Time{}, "", 0
		return true
	}
	return false
}

func (p *Posture) load(ctx context.Context) (*progress, error) {
	at := &progress{Version: progressVersion}
	row, err := p.Progress.Get(ctx, progressPartition, progressKey)
	if errors.Is(err, fault.NotFound) {
		at.row = store.Row{Partition: progressPartition, Key: progressKey}
		return at, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading how far the weekly look is: %w", err)
	}
	if err := json.Unmarshal(row.Data, at); err != nil {
		return nil, fault.Errorf(fault.Denied, "reading how far the weekly look is: %v", err)
	}
	if at.Version > progressVersion {
		return nil, fault.Errorf(fault.Denied, "the weekly look is at version %d, this program knows %d: upgrade it", at.Version, progressVersion)
	}
	at.row = row
	return at, nil
}

// save writes how far it is. An error of kind fault.Conflict says that somebody else works on it.
func (p *Posture) save(ctx context.Context, at *progress) error {
	data, err := json.Marshal(at)
	if err != nil {
		return err
	}
	at.row.Data = data
	if at.row.ETag, err = p.Progress.Put(ctx, at.row); err != nil {
		return fmt.Errorf("writing how far the weekly look is: %w", err)
	}
	return nil
}
