// Package objects keeps which application object has which appId, as the last look at the directory found it. Audit
// records name an application by its object id alone, and everything else names it by its appId.
//
// The respond app, which may read the directory, writes it; the detect app, which must not, reads it. Each page of the
// directory's list is one row. What an object's appId is never changes, so a reader that sees rows of two looks side by
// side is not misled; an object that moves to another page meanwhile may be missing for some minutes.
package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"rekey/shared/fault"
	"rekey/shared/store"
)

// Partition is where the rows are.
const Partition = "applications"

const (
	version = 1
	pair    = 2 * 16    // bytes of an object id and an appId
	maxRow  = 64 << 10  // bytes of a row
	maxRows = 64 * 1024 // pages: far more than a directory may have objects
)

// Store reads and writes the snapshot. Load may be called side by side.
type Store struct {
	Table store.Table
	Fresh time.Duration // how long what was read serves; 0 reads every time
	Now   func() time.Time

	mu     sync.Mutex
	read   time.Time
	appIDs map[string]string
}

// Load returns the appIds by application object id, both in lower case. It is empty until there was a first look, and
// must not be changed. When it cannot be read anew, what was read before goes on to serve.
func (s *Store) Load(ctx context.Context) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if s.appIDs != nil && now.Sub(s.read) < s.Fresh {
		return s.appIDs, nil
	}
	appIDs, err := s.load(ctx)
	switch {
	case err == nil:
		s.appIDs, s.read = appIDs, now
	case s.appIDs == nil:
		return nil, err
	}
	return s.appIDs, nil
}

func (s *Store) load(ctx context.Context) (map[string]string, error) {
	const batch = 50
	out := map[string]string{}
	for from := ""; ; {
		rows, next, err := s.Table.List(ctx, Partition, from, batch)
		if err != nil {
			return nil, fmt.Errorf("reading the applications' ids: %w", err)
		}
		for _, row := range rows {
			if err := decode(row.Data, out); err != nil {
				return nil, fmt.Errorf("reading the applications' ids, row %s: %w", row.Key, err)
			}
		}
		if next == "" {
			return out, nil
		}
		from = next
	}
}

// Keep writes one page of the list, replacing the page of that number of an earlier look. Ids that are no GUIDs are left
// out: the directory has none.
func (s *Store) Keep(ctx context.Context, page int, appIDs map[string]string) error {
	if page < 0 || page >= maxRows {
		return fault.Errorf(fault.Limit, "writing the applications' ids: page %d of at most %d", page, maxRows)
	}
	data := encode(appIDs)
	if len(data) > maxRow {
		return fault.Errorf(fault.Limit, "writing the applications' ids: a page of %d is too large", len(appIDs))
	}
	row, err := s.Table.Get(ctx, Partition, key(page))
	switch {
	case errors.Is(err, fault.NotFound):
		row = store.Row{Partition: Partition, Key: key(page)}
	case err != nil:
		return fmt.Errorf("writing the applications' ids: %w", err)
	case string(row.Data) == string(data):
		return nil
	}
	row.Data = data
	if _, err := s.Table.Put(ctx, row); err != nil {
		return fmt.Errorf("writing the applications' ids: %w", err)
	}
	return nil
}

// Trim removes the pages that an earlier, longer list left behind: those from a number on.
func (s *Store) Trim(ctx context.Context, pages int) error {
	const batch = 100
	for {
		rows, next, err := s.Table.List(ctx, Partition, key(pages), batch)
		if err != nil {
			return fmt.Errorf("removing old applications' ids: %w", err)
		}
		for _, row := range rows {
			if err := s.Table.Delete(ctx, row); err != nil {
				return fmt.Errorf("removing old applications' ids: %w", err)
			}
		}
		if next == "" {
			return nil
		}
	}
}

func key(page int) string { return fmt.Sprintf("%05d", page) }

// encode writes a version byte and the pairs of ids, sorted: equal pages have equal bytes.
func encode(appIDs map[string]string) []byte {
	pairs := make([]string, 0, len(appIDs))
	for o, a := range appIDs {
		object, errO := uuid.Parse(o)
		app, errA := uuid.Parse(a)
		if errO == nil && errA == nil {
			pairs = append(pairs, string(object[:])+string(app[:]))
		}
	}
	slices.Sort(pairs)
	return append([]byte{version}, strings.Join(pairs, "")...)
}

// decode adds a row's pairs. A newer version is an error of kind fault.Denied, damage one of kind fault.Poison.
func decode(b []byte, into map[string]string) error {
	if len(b) > 0 && b[0] > version {
		return fault.Errorf(fault.Denied, "version %d is newer than this program's %d: upgrade it", b[0], version)
	}
	if len(b) == 0 || b[0] != version || (len(b)-1)%pair != 0 {
		return fault.Errorf(fault.Poison, "damaged, %d bytes in all", len(b))
	}
	for b = b[1:]; len(b) > 0; b = b[pair:] {
		into[uuid.UUID(b[:16]).String()] = uuid.UUID(b[16:pair]).String()
	}
	return nil
}
