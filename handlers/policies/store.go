package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rekey/shared/fault"
	"rekey/shared/store"
)

// partition is where policies are kept in their table.
const partition = "policy"

// Kept is what is known of a Conditional Access policy that Rekey made: Graph's policy, as it was last written or read,
// and the order that did it. Whoever faces the network shows this and asks nobody.
type Kept struct {
	ID       string          `json:"id"`
	Name     string          `json:"displayName"`
	State    string          `json:"state"`
	Created  time.Time       `json:"createdDateTime"`
	Modified *time.Time      `json:"modifiedDateTime"`
	Policy   json.RawMessage `json:"policy"` // displayName, state, conditions, grantControls
	Order    string          `json:"order"`  // that made it or changed it last
	By       string          `json:"by"`     // who asked for that
}

// Store keeps the policies that Rekey made.
type Store struct {
	Table store.Table
}

// Get returns a policy, or an error of kind fault.NotFound: it is none of Rekey's.
func (s Store) Get(ctx context.Context, id string) (Kept, error) {
	row, err := s.Table.Get(ctx, partition, id)
	if err != nil {
		return Kept{}, fmt.Errorf("reading policy %.80s: %w", id, err)
	}
	return decode(row)
}

func decode(row store.Row) (Kept, error) {
	var k Kept
	if err := json.Unmarshal(row.Data, &k); err != nil {
		return k, fault.Errorf(fault.Denied, "reading policy %s: %v", row.Key, err)
	}
	return k, nil
}

// All returns the policies by id. There are few: a tenant has 195 policies at most.
func (s Store) All(ctx context.Context) ([]Kept, error) {
	rows, _, err := s.Table.List(ctx, partition, "", 1000)
	if err != nil {
		return nil, fmt.Errorf("listing policies: %w", err)
	}
	out := make([]Kept, len(rows))
	for i, row := range rows {
		if out[i], err = decode(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Keep writes a policy over whatever was kept of it.
func (s Store) Keep(ctx context.Context, k Kept) error {
	row, err := s.Table.Get(ctx, partition, k.ID)
	if errors.Is(err, fault.NotFound) {
		row, err = store.Row{Partition: partition, Key: k.ID}, nil
	}
	if err == nil {
		row.Data, err = json.Marshal(k)
	}
	if err == nil {
		_, err = s.Table.Put(ctx, row)
	}
	if err != nil {
		return fmt.Errorf("writing policy %s: %w", k.ID, err)
	}
	return nil
}

// Forget removes a policy. One that is not kept is success.
func (s Store) Forget(ctx context.Context, id string) error {
	row, err := s.Table.Get(ctx, partition, id)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil {
		err = s.Table.Delete(ctx, row)
	}
	if err != nil {
		return fmt.Errorf("forgetting policy %s: %w", id, err)
	}
	return nil
}
