package principals

import (
	"context"
	"fmt"
	"strings"

	"rekey/shared/exposure"
	"rekey/shared/store"
	"rekey/shared/watch"
)

// Exposures calls yield with each principal's index of reads, lanes by themselves, in no promised order. It reads the whole
// table: it is for questions about secrets, of whom nobody knows who reads them.
func (st Store) Exposures(ctx context.Context, yield func(key string, x *exposure.Index)) error {
	const part = "exposure"
	var bad error
	err := st.Table.Scan(ctx, func(row store.Row) bool {
		if name, _, _ := strings.Cut(row.Key, "~"); name != part {
			return true
		}
		var s watch.State
		if bad = s.Exposure.UnmarshalBinary(row.Data); bad != nil {
			bad = fmt.Errorf("reading principal %s, row %s: %w", row.Partition, row.Key, bad)
			return false
		}
		yield(row.Partition, &s.Exposure)
		return true
	})
	if err != nil {
		return fmt.Errorf("reading what everybody read: %w", err)
	}
	return bad
}
