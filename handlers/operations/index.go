package operations

import (
	"context"
	"errors"
	"fmt"

	"rekey/handlers/index"
	"rekey/shared/fault"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// byTime is the partition whose rows point to operations, the newest first.
const byTime = "operation-time"

// end is after every time in milliseconds, so that a later time has a smaller key.
const end = 1 << 53

func timeKey(o *remedy.Operation) string {
	return fmt.Sprintf("%016x-%s", end-o.Opened.UnixMilli(), o.ID)
}

// index writes the row that points to a new operation, before the operation: a row that points to nothing is passed over.
func (s Store) index(ctx context.Context, o remedy.Operation) error {
	_, err := s.Table.Put(ctx, store.Row{Partition: byTime, Key: timeKey(&o), Data: []byte(o.ID)})
	if errors.Is(err, fault.Conflict) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("indexing operation %s: %w", o.ID, err)
	}
	return nil
}

// Newest reads operations, the newest first, until yield returns false. One that cannot be read is passed over: Each tells of
// it.
func (s Store) Newest(ctx context.Context, r index.Reading, yield func(o remedy.Operation, after string) bool) (after string, err error) {
	r.Partitions = []string{byTime}
	return index.Read(ctx, s.Table, r, s.at, yield)
}

// at reads what an index row points to, and nil when it is not there any more, or is another one of its name.
func (s Store) at(ctx context.Context, row store.Row) (*remedy.Operation, error) {
	o, err := s.Get(ctx, string(row.Data))
	switch {
	case errors.Is(err, fault.NotFound), errors.Is(err, fault.Denied):
		return nil, nil
	case err != nil:
		return nil, err
	case timeKey(&o.Operation) != row.Key:
		return nil, nil
	}
	return &o.Operation, nil
}
