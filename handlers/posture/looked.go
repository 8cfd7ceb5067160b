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

// Looked returns when the last look at everything ended, from the table of Config.Progress; the zero time when there was
// none. What was not looked at shows no weakness, and is not known to have none.
func Looked(ctx context.Context, table store.Table) (time.Time, error) {
	row, err := table.Get(ctx, progressPartition, progressKey)
	if errors.Is(err, fault.NotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when everything was last looked at: %w", err)
	}
	var p progress
	if err := json.Unmarshal(row.Data, &p); err != nil {
		return time.Time{}, fault.Errorf(fault.Denied, "reading when everything was last looked at: %v", err)
	}
	return p.Complete, nil
}
